// What the writer refuses before it writes anything.
import { expect, test } from 'vitest';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { scored, skipped } from '../support/side-tables.ts';
import { until } from '../support/wait.ts';
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

test('listeners are told the keys of flagged rows, and nothing else, when they can be read', async () => {
  await using writing = await createWriting();
  const { database } = writing;
  const listener = await connectDatabase({ url: database.url, applicationName: 'listener' });
  try {
    const heard: unknown[] = [];
    listener.on('notification', ({ channel, payload }) => heard.push([channel, payload]));
    await listener.query('listen afterglow_fraud');
    await using _writer = writing.start({ notifiesFlagged: true });
    await writing.publish([scored('1', 4, 0.95), scored('2', 4, 0.5), skipped('3', 4), scored('4', 4, 0.99)]);
    await writing.caughtUp();
    await until(() => heard.length === 2, { deadlineMs: 120_000, what: 'two notifications' });
    expect(heard.toSorted()).toEqual([
      ['afterglow_fraud', '{"id":"1"}'],
      ['afterglow_fraud', '{"id":"4"}'],
    ]);
  } finally {
    await listener.end();
  }
});
