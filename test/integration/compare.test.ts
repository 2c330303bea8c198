// What `afterglow compare` says of two models, from tables whose contents the test knows.
import { expect, test } from 'vitest';
import { comparisonLines } from '../../services/cli/compare/comparison-lines.ts';
import { readComparison } from '../../services/cli/compare/read-comparison.ts';
import {
  type EnrichmentTables,
  resultTableDdl,
  stateTableDdl,
} from '../../shared/side-tables/enrichment-tables.ts';
import { EMBEDDING, FRAUD, setUp } from '../support/side-tables.ts';

const FRAUD_SHADOW: EnrichmentTables = { ...FRAUD, enrichment: 'fraud_shadow' };
const EMBEDDING_SHADOW: EnrichmentTables = {
  ...EMBEDDING,
  enrichment: 'embedding_shadow',
  outputs: [{ name: 'embedding', type: 'public.halfvec(2)' }],
};

const both = (tables: EnrichmentTables): readonly string[] => [
  ...stateTableDdl(tables),
  ...resultTableDdl(tables),
];

/** A hundred rows of both, one only of the first, one that the second leaves out. Scores are n / 100, the shadow's 0.05 higher. */
const SCORES = `
  insert into afterglow_internal.state_fraud (key_id, epoch, commit_lsn, event_index, revision, status, as_of, committed_at, updated_at)
    select n, 1, '0/10'::pg_lsn + n, 0, 1, 'scored', now(), now(), now() + interval '20 milliseconds' from generate_series(1, 102) n;
  insert into afterglow_internal.state_fraud_shadow (key_id, epoch, commit_lsn, event_index, revision, status, as_of, committed_at, updated_at)
    select n, 1, '0/10'::pg_lsn + n, 0, 2, case n when 101 then 'skipped' else 'scored' end, now(), now(), now() + interval '30 milliseconds'
      from generate_series(1, 101) n;
  insert into afterglow.fraud (id, score, flagged, decision, scored_at, cost_nano_usd)
    select n, n / 100.0, n / 100.0 >= 0.9, case when n > 90 then 'hold' else 'accept' end, now(), 1000 from generate_series(1, 102) n;
  insert into afterglow.fraud_shadow (id, score, flagged, decision, scored_at, cost_nano_usd)
    select n, n / 100.0 + 0.05, n / 100.0 + 0.05 >= 0.9, case when n > 80 then 'hold' else 'accept' end, now(), 2500 from generate_series(1, 100) n`;

test('how far two models are apart: status, distribution, flips around the threshold, cost and latency', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  for (const sql of both(FRAUD_SHADOW)) await client.query(sql);
  await client.query(SCORES);
  const comparison = await readComparison(client, { own: FRAUD, other: FRAUD_SHADOW });
  expect(comparisonLines(comparison)).toEqual([
    'fraud  | fraud_shadow | rows',
    '-------+--------------+-----',
    'scored | scored       | 100',
    'scored | skipped      | 1',
    'scored | none         | 1',
    '(3 rows)',
    '',
    'score: 0.0500 apart on average, 0.0500 at most, correlation 1.000',
    '  of           | p5     | p25    | p50    | p75    | p95',
    '  -------------+--------+--------+--------+--------+-------',
    '  fraud        | 0.0595 | 0.2575 | 0.5050 | 0.7525 | 0.9505',
    '  fraud_shadow | 0.1095 | 0.3075 | 0.5550 | 0.8025 | 1.0005',
    'flagged: 95.0 % alike, 5 of 100 differ',
    '  false becomes true: 5',
    'decision: 90.0 % alike, 10 of 100 differ',
    '  accept becomes hold: 10',
    'cost of the 100 results that both have: fraud $0.000100, fraud_shadow $0.000250',
    'commit to written, 101 changes that both answered: fraud p50 20 ms, p99 20 ms; fraud_shadow p50 30 ms, p99 30 ms',
  ]);
});

/** Sixty directions round a circle: two lengths of one vector have the same neighbours, a shuffled shadow has others. */
const vectors = (table: string, angle: string, third: string): string => `
  insert into afterglow.${table} (id, chunk, chunk_start, chunk_end, tokens, embedding, scored_at, cost_nano_usd)
    select n, 0, 0, 9, 2, array[cos(${angle}), sin(${angle})${third}]::real[]::public.halfvec, now(), 10 from generate_series(1, 60) n`;

test('how many of the nearest texts are the same, whatever the lengths of the vectors', async () => {
  await using setting = await setUp(EMBEDDING, 18, ['create extension vector']);
  const { client } = setting;
  const pair = { own: EMBEDDING, other: EMBEDDING_SHADOW };
  for (const sql of both(EMBEDDING_SHADOW)) await client.query(sql);
  const evenly = 'n * 2 * pi() / 60';
  await client.query(vectors('embedding', evenly, ', 0'));
  await client.query(vectors('embedding_shadow', evenly, ''));
  const alike = await readComparison(client, pair);
  expect(alike.neighbours).toMatchObject({ texts: 60, neighbours: 10 });
  // Of two that are equally far away either may come first.
  expect(alike.neighbours?.overlap).toBeGreaterThan(0.85);
  await client.query('truncate afterglow.embedding_shadow');
  await client.query(vectors('embedding_shadow', '(n * 23 % 60) * 2 * pi() / 60', ''));
  const shuffled = await readComparison(client, pair);
  expect(shuffled.neighbours?.overlap).toBeLessThan(0.5);
  expect(comparisonLines(shuffled).find((line) => line.startsWith('nearest'))).toMatch(
    /^nearest 10 of 60 texts: [0-4]\d\.\d % are the same$/,
  );
});
