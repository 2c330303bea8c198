// What the writer refuses before it writes anything.
import { expect, test } from 'vitest';
import { createWriting, EMBEDDING } from '../support/writing.ts';

test('vectors of another length than the table holds stop the writer at its start', async () => {
  await using writing = await createWriting(EMBEDDING);
  const writer = writing.start({ definition: writing.redefined(EMBEDDING.replace('256', '512')) });
  await expect(writer.ended).rejects.toMatchObject({
    code: 'dimensions_changed',
    message: expect.stringContaining('512'),
  });
});

test('a table of results in the publication stops the writer at its start: it would read what it writes', async () => {
  await using writing = await createWriting();
  const { client, definition } = writing;
  await client.query(`alter publication ${definition.pipeline} add table afterglow.fraud`);
  await expect(writing.start().ended).rejects.toMatchObject({
    code: 'results_published',
    message: expect.stringContaining('afterglow.fraud'),
  });
  await client.query(`alter publication ${definition.pipeline} drop table afterglow.fraud;
    drop publication ${definition.pipeline}; create publication ${definition.pipeline} for all tables`);
  await expect(writing.start().ended).rejects.toMatchObject({ code: 'results_published' });
});

test('a definition that init has not registered stops the writer at its start', async () => {
  await using writing = await createWriting();
  const changed = writing.redefined(
    '  fraud:\n    from: payments\n    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "2" }\n    input: [amount]\n    output: { score: float }\n',
  );
  await expect(writing.start({ definition: changed }).ended).rejects.toMatchObject({
    code: 'revision_unregistered',
  });
});
