// Scores read like columns: beside every row of the view, and never back in the stream of the source.
import { expect, test } from 'vitest';
import { cdcTopic } from '../../shared/contracts/topics.ts';
import { createPipeline } from '../support/pipeline.ts';
import { topicSize } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const ROWS = 10_000;
const DEADLINE_MS = 180_000;
const TABLES =
  'create table payments (id bigint generated always as identity primary key, amount float8 not null)';
const definitionOf = (shipped: string): string => `version: 1
${/^pipeline: .*$/m.exec(shipped)?.[0]}
sources:
  payments: { table: public.payments, partitions: 2 }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1", batch: { rows: 100, wait: 10ms } }
    input: [amount, a: "1", b: "1", c: "12", d: "-1", e: "2"]
    output: { score: float }
    flag: score >= 0.9
`;

test('10,000 rows are scored: the view has a row for each, and the topic of the source nothing but them', {
  timeout: 2 * DEADLINE_MS,
}, async () => {
  await using pipeline = await createPipeline(18, definitionOf, TABLES);
  const { client, definition } = pipeline;
  await pipeline.start('reader', 'enricher', 'writer').ready();
  await client.query(`insert into payments (amount) select n from generate_series(1, ${ROWS}) n`);
  const count = async (query: string): Promise<number> =>
    Number((await client.query<{ count: string }>(query)).rows[0]?.count);
  await until(async () => (await count('select count(*) from afterglow.fraud')) === ROWS, {
    deadlineMs: DEADLINE_MS,
    everyMs: 200,
    what: `${ROWS} scores`,
  });
  expect(await count("select count(*) from afterglow.payments_enriched where fraud_status = 'scored'")).toBe(
    ROWS,
  );
  expect(await count('select count(*) from afterglow.payments_enriched')).toBe(
    await count('select count(*) from payments'),
  );
  expect(await topicSize(cdcTopic(definition.pipeline, 'public', 'payments'))).toBe(ROWS);
});
