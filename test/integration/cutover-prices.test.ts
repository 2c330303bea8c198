// After a cut-over a name stands for the model that counts, whatever the file still has under it: prices and consent.
import { expect, test } from 'vitest';
import { DatabaseReadings } from '../../services/cli/view/database-readings.ts';
import { exchangeStatements } from '../../shared/side-tables/cutovers.ts';
import { commandLine } from '../support/command-line.ts';
import { createPipeline } from '../support/pipeline.ts';

const ROWS = 20;
const TABLES = `create table payments (id bigint generated always as identity primary key, amount float8 not null, note text);
  insert into payments (amount) select n from generate_series(1, ${ROWS}) n; analyze payments`;

/** The model of before is paid by the hour and has a flag, the one that replaces it costs 15 cents a row. */
const text = (shipped: string): string => `version: 1
pipeline: ${/pipeline: (\w+)/.exec(shipped)?.[1] ?? ''}
sources:
  payments: { table: public.payments, partitions: 1 }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }
    input: [amount]
    output: { score: float }
    flag: score >= 0.5
  fraud_shadow:
    from: payments
    model: { kind: lambda, function: fraud-next, version: "1", timeout: 900s, memory_mb: 10240, batch: { rows: 1 } }
    input: [amount]
    output: { score: float }
  mood:
    from: payments
    model: { kind: comprehend }
    input: [note]
  mood_shadow:
    from: payments
    model: { kind: titan-embedding, dimensions: 256 }
    input: [note]
`;

test('a redo after a cut-over is priced and asked about by the model that counts', async () => {
  await using pipeline = await createPipeline(18, text, TABLES);
  const { client, database, definition } = pipeline;
  await using cli = await commandLine(pipeline, text);
  const estimated = async (): Promise<unknown> =>
    JSON.parse((await cli.run('cost', 'estimate', 'fraud', '--json')).out);
  expect(await estimated()).toMatchObject({ usd: 0 });
  for (const name of ['fraud', 'mood']) {
    for (const statement of exchangeStatements(name)) await client.query(statement);
  }
  const after = await estimated();
  expect(after).toMatchObject({ enrichments: [{ enrichment: 'fraud', rows: ROWS, paid_rows: ROWS }] });
  expect((after as { readonly usd: number }).usd).toBeGreaterThan(1);

  const unasked = await cli.run('backfill', 'payments', '--enrichment', 'fraud', '--detach');
  expect(unasked.status, unasked.error).toBe(4);
  expect(unasked.error).toContain('$3.');
  const redecided = await cli.run('redecide', 'fraud', '--detach');
  expect(redecided.status, redecided.error).toBe(2);
  expect(redecided.error).toContain('neither `flag` nor `decide`');
  await using readings = new DatabaseReadings(database.url, definition);
  expect(await readings.resultsSince(new Date(0))).toMatchObject([
    { enrichment: 'fraud' },
    { enrichment: 'fraud_shadow' },
    { enrichment: 'mood', languages: undefined },
    { enrichment: 'mood_shadow', languages: [] },
  ]);
  expect((await readings.ledgerToday())?.definition.enrichments).toMatchObject({
    fraud: { model: { kind: 'lambda' } },
    mood: { model: { kind: 'titan-embedding' } },
  });
});
