import { expect, test } from 'vitest';
import type { EnrichmentTables } from '../../shared/side-tables/enrichment-tables.ts';
import { fenceParameters, type Scored } from '../../shared/side-tables/parameters.ts';
import { readEnrichmentTables } from '../../shared/side-tables/read-tables.ts';
import {
  deleted,
  EMBEDDING,
  embedded,
  FRAUD,
  lsn,
  places,
  results,
  scored,
  setUp,
  skipped,
  truncate,
  write,
} from '../support/side-tables.ts';

test('a redelivered batch changes nothing, and the position check says so before anything is sent', async () => {
  await using setting = await setUp(FRAUD);
  const batch = [scored('1', 5, 0.5), scored('2', 5, 0.7)];
  expect(await write(setting, batch)).toEqual([1, 2]);
  const before = await setting.client.query(
    'select xmin, * from afterglow_internal.state_fraud order by key_id',
  );
  expect(
    await places(setting.client, setting.statements.checkPositions, fenceParameters(FRAUD, batch)),
  ).toEqual([]);
  expect(await write(setting, batch)).toEqual([]);
  const after = await setting.client.query(
    'select xmin, * from afterglow_internal.state_fraud order by key_id',
  );
  expect(after.rows).toEqual(before.rows);
});

test('of several outcomes of one key in a batch the newest wins, in whatever order they come', async () => {
  await using setting = await setUp(FRAUD);
  expect(await write(setting, [scored('1', 7, 0.7), scored('1', 9, 0.9), scored('1', 8, 0.8)])).toEqual([2]);
  expect(await results(setting)).toEqual([{ id: '1', score: '0.9' }]);
});

test('a late older result does not come back over a newer state whose result row was left alone', async () => {
  await using setting = await setUp(FRAUD);
  await write(setting, [scored('1', 4, 0.4)]);
  // State moves to 6 while the unchanged result row stays as written at 4: a guard on the result would now let 5 in.
  expect(await write(setting, [scored('1', 6, 0.4, { cached: true })])).toEqual([1]);
  expect(await write(setting, [scored('1', 5, 0.5)])).toEqual([]);
  expect(await results(setting)).toEqual([{ id: '1', score: '0.4' }]);
});

test('a deleted key stays deleted when an older result arrives, and lives again with a newer one', async () => {
  await using setting = await setUp(FRAUD);
  await write(setting, [scored('1', 4, 0.4)]);
  await write(setting, [deleted('1', 6)]);
  expect(await write(setting, [scored('1', 5, 0.5)])).toEqual([]);
  expect(await results(setting)).toEqual([]);
  expect(await write(setting, [scored('1', 7, 0.7)])).toEqual([1]);
  expect(await results(setting)).toEqual([{ id: '1', score: '0.7' }]);
});

test('a newer outcome that is not scored takes the result away', async () => {
  await using setting = await setUp(FRAUD);
  await write(setting, [scored('1', 4, 0.4), scored('2', 4, 0.4)]);
  await write(setting, [skipped('1', 5)]);
  expect(await results(setting)).toEqual([{ id: '2', score: '0.4' }]);
});

test('at one position the greater revision wins, then scored over not scored', async () => {
  await using setting = await setUp(FRAUD);
  await write(setting, [skipped('1', 4)]);
  expect(await write(setting, [scored('1', 4, 0.4)])).toEqual([1]);
  expect(await write(setting, [skipped('1', 4)])).toEqual([]);
  expect(await write(setting, [{ ...skipped('1', 4), revision: 2 }])).toEqual([1]);
  expect(await results(setting)).toEqual([]);
});

test('a cached repeat keeps time and cost of the first scoring; a cached result of another input replaces it', async () => {
  await using setting = await setUp(FRAUD);
  const later = { cached: true, cost_nano_usd: 0, enriched_at: '2026-11-20T10:00:00.000000Z' };
  const costs = async (): Promise<unknown> =>
    (await setting.client.query('select score, cost_nano_usd from afterglow.fraud')).rows;
  await write(setting, [scored('1', 4, 0.4)]);
  await write(setting, [scored('1', 5, 0.4, later)]);
  expect(await costs()).toEqual([{ score: '0.4', cost_nano_usd: '12' }]);
  await write(setting, [scored('1', 6, 0.6, later)]);
  expect(await costs()).toEqual([{ score: '0.6', cost_nano_usd: '0' }]);
});

test('a truncate removes what is older and nothing newer, and late rows of other partitions stay out', async () => {
  await using setting = await setUp(FRAUD);
  await write(setting, [scored('1', 4, 0.4), scored('2', 8, 0.8)]);
  await truncate(setting, 6);
  await truncate(setting, 6);
  expect(await results(setting)).toEqual([{ id: '2', score: '0.8' }]);
  const late = [scored('1', 5, 0.5), scored('3', 5, 0.5), scored('4', 7, 0.7)];
  expect(
    await places(setting.client, setting.statements.checkPositions, fenceParameters(FRAUD, late)),
  ).toEqual([3]);
  expect(await write(setting, late)).toEqual([3]);
  expect(await results(setting)).toEqual([
    { id: '2', score: '0.8' },
    { id: '4', score: '0.7' },
  ]);
});

test('an outcome from before a truncate is older than what its key has since then, and of a key without that it is history', async () => {
  await using setting = await setUp(FRAUD);
  await write(setting, [scored('1', 4, 0.4), scored('2', 4, 0.4), deleted('3', 5)]);
  await truncate(setting, 6, [scored('1', 8, 0.8)]);
  await write(setting, [deleted('4', 9)]);
  const late = [
    scored('1', 5, 0.5),
    scored('2', 5, 0.5),
    scored('3', 4, 0.4),
    scored('4', 5, 0.5),
    scored('5', 5, 0.5),
    scored('1', 7, 0.7),
    scored('1', 9, 0.9),
  ];
  const { rows } = await setting.client.query({
    ...setting.statements.checkPositions,
    values: [...fenceParameters(FRAUD, late)],
  });
  expect(rows).toEqual([
    { place: 1, is_older: true },
    { place: 4, is_older: true },
    { place: 6, is_older: true },
    { place: 7, is_older: false },
  ]);
  expect(await write(setting, late)).toEqual([7]);
});

const HOSTILE: EnrichmentTables = {
  enrichment: 'fraud',
  keyColumns: [
    { name: 'weird "id"; drop table t --', type: '"Odd schema"."Kind"' },
    { name: 'score', type: 'character(3)' },
    { name: 'when', type: 'timestamp with time zone' },
    { name: 'u', type: 'uuid' },
    { name: 'short', type: 'public.short_text' },
    { name: 'tags', type: 'integer[]' },
    { name: 'raw', type: 'bytea' },
    { name: 'yes', type: 'boolean' },
  ],
  outputs: [{ name: 'label', type: 'text' }],
  chunked: false,
};

test.for([16, 18] as const)(
  'keys of any type and name are found again by their text (PostgreSQL %s)',
  async (version) => {
    await using setting = await setUp(HOSTILE, version, [
      'create schema "Odd schema"',
      `create type "Odd schema"."Kind" as enum ('a "b"', 'c,{}\\')`,
      'create domain public.short_text as varchar(20)',
    ]);
    const key = {
      'weird "id"; drop table t --': 'c,{}\\',
      score: 'x',
      when: '2026-11-20 09:15:02.123456+00',
      u: 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      short: `it's "quoted", NULL`,
      tags: '{1,NULL,3}',
      raw: '\\xdeadbeef',
      yes: true,
    };
    const first: Scored = { ...scored(0, 4, 0), key, result: { label: 'NULL' } };
    expect(await write(setting, [first])).toEqual([1]);
    expect(await write(setting, [first])).toEqual([]);
    expect(await write(setting, [{ ...first, source: { ...first.source, commit_lsn: lsn(5) } }])).toEqual([
      1,
    ]);
    const { rows } = await setting.client.query('select label, "when"::text, raw::text from afterglow.fraud');
    expect(rows).toEqual([{ label: 'NULL', when: '2026-11-20 09:15:02.123456+00', raw: '\\xdeadbeef' }]);
    expect(await write(setting, [{ ...deleted(0, 9), key }])).toEqual([1]);
    expect((await setting.client.query('select from afterglow.fraud')).rowCount).toBe(0);
  },
);

test('updates of the state table stay on their page and leave its index alone', async () => {
  await using setting = await setUp(FRAUD);
  await write(
    setting,
    Array.from({ length: 200 }, (_, id) => scored(String(id), 4, 0.4)),
  );
  await write(
    setting,
    Array.from({ length: 20 }, (_, id) => scored(String(id * 10), 5, 0.5)),
  );
  await setting.client.query('select pg_stat_force_next_flush()');
  const { rows } = await setting.client.query(
    "select n_tup_upd as updates, n_tup_hot_upd as hot from pg_stat_user_tables where relname = 'state_fraud'",
  );
  expect(rows).toEqual([{ updates: '20', hot: '20' }]);
});

test('all chunks of a key are replaced together, also when there are fewer than before', async () => {
  await using setting = await setUp(EMBEDDING, 18, ['create extension vector schema public']);
  const chunks = async (): Promise<unknown> =>
    (
      await setting.client.query(
        'select chunk, chunk_start, embedding from afterglow.embedding order by chunk',
      )
    ).rows;
  await write(setting, [
    embedded(4, [
      [1, 2, 3],
      [4, 5, 6],
    ]),
  ]);
  expect(await chunks()).toEqual([
    { chunk: 0, chunk_start: 0, embedding: '[1,2,3]' },
    { chunk: 1, chunk_start: 10, embedding: '[4,5,6]' },
  ]);
  expect(await write(setting, [embedded(6, [[0.5, 0, 0]]), embedded(5, [[9, 9, 9]])])).toEqual([1]);
  expect(await chunks()).toEqual([{ chunk: 0, chunk_start: 0, embedding: '[0.5,0,0]' }]);
});

test('a cached outcome leaves chunks alone that are there already, and replaces them when anything differs', async () => {
  // In a schema that no search_path names, so that nothing relies on finding the type's operators.
  const elsewhere = { ...EMBEDDING, outputs: [{ name: 'embedding', type: 'vectors.halfvec(3)' }] };
  await using setting = await setUp(elsewhere, 18, [
    'create schema vectors',
    'create extension vector schema vectors',
  ]);
  const stored = async () =>
    (
      await setting.client.query<{ vector: string; place: string }>(
        'select embedding as vector, ctid::text as place from afterglow.embedding order by chunk',
      )
    ).rows;
  const two = [
    [1, 2, 3],
    [0.1, 0.2, 0.3],
  ];
  const cached = { cached: true };
  await write(setting, [embedded(1, two)]);
  const before = await stored();
  expect(before).toHaveLength(2);
  await write(setting, [embedded(2, two, cached)]);
  expect(await stored()).toEqual(before);
  // Paid for again, an equal one is written again: when it was scored and what it cost is of this time.
  await write(setting, [embedded(3, two)]);
  expect((await stored()).some(({ place }) => before.some((row) => row.place === place))).toBe(false);
  for (const [at, vectors] of [
    [4, two.slice(0, 1)],
    [5, two],
    [6, two.toReversed()],
    [7, [...two, [7, 8, 9]]],
  ] as const) {
    await write(setting, [embedded(at, [...vectors], cached)]);
    const now = await stored();
    expect(now).toHaveLength(vectors.length);
    expect(now.every(({ place }) => !before.some((row) => row.place === place))).toBe(true);
    expect(JSON.parse(now[0]?.vector ?? '')[0]).toBeCloseTo(vectors[0]?.[0] ?? 0, 2);
  }
  // Nothing said which key it was for: the chunks that are there would have stayed.
  await expect(write(setting, [embedded(8, [])])).rejects.toThrow(RangeError);
  await write(setting, [skipped('1', 8)]);
  expect(await stored()).toEqual([]);
});

test.each([
  ['tabular', FRAUD],
  ['vectors', EMBEDDING],
])('what the database has is described as it was made: %s', async (_kind, tables) => {
  await using setting = await setUp(tables, 18, ['create extension vector schema public']);
  expect(await readEnrichmentTables(setting.client, tables.enrichment)).toEqual(tables);
});
