import { expect, test } from 'vitest';
import type { EnrichmentTables } from '../../shared/side-tables/enrichment-tables.ts';
import {
  equalModelRevisions,
  readStoredResults,
  storedResultsStatement,
} from '../../shared/side-tables/stored-results.ts';
import { FRAUD, type SideTableSetting, scored, setUp, skipped, write } from '../support/side-tables.ts';

const HASH = 'ab'.repeat(32);
const other = (digits: string): string => digits.repeat(32);

const lookUp = (
  { client, tables }: SideTableSetting,
  wanted: readonly (readonly [unknown, string])[],
  revisions = [1],
) =>
  readStoredResults(
    client,
    tables,
    storedResultsStatement(tables),
    wanted.map(([id, inputHash]) => ({ key: { id: String(id) }, inputHash })),
    revisions,
  );

test.for([16, 18] as const)(
  'a stored result is found by key and input, for revisions of the same model only (PostgreSQL %i)',
  async (version) => {
    await using setting = await setUp(FRAUD, version);
    await write(setting, [scored(1, 1, 0.1 + 0.2), scored(2, 1, 1e-300, { revision: 2 }), skipped(3, 1)]);
    const found = await lookUp(setting, [
      [2, HASH],
      [1, HASH],
      [1, other('cd')],
      [3, HASH],
      [4, HASH],
    ]);
    const first = { results: [{ score: 0.1 + 0.2 }], costNanoUsd: 12 };
    expect(found).toEqual([undefined, first, undefined, undefined, undefined]);
    expect(
      await lookUp(
        setting,
        [
          [2, HASH],
          [1, HASH],
        ],
        [2, 1],
      ),
    ).toEqual([{ results: [{ score: 1e-300 }], costNanoUsd: 12 }, first]);
  },
);

test('the chunks of a text come back in their order, each with its vector', async () => {
  const tables: EnrichmentTables = {
    enrichment: 'embedding',
    keyColumns: [{ name: 'id', type: 'bigint' }],
    outputs: [{ name: 'embedding', type: 'halfvec(3)' }],
    chunked: true,
  };
  await using setting = await setUp(tables, 18, ['create extension vector schema pg_catalog']);
  const vectors = [
    [1, 0.5, -2],
    [0.25, 3, 4],
  ];
  const chunks = vectors.map((vector, index) => ({
    start: index * 10,
    end: index * 10 + 10,
    tokens: index + 1,
    vector_f32le_base64: Buffer.from(Float32Array.from(vector).buffer).toString('base64'),
  }));
  await write(setting, [scored(1, 1, 0, { result: { dimensions: 3, truncated: false, chunks } })]);
  const results = chunks.map(({ tokens, vector_f32le_base64 }) => ({ tokens, vector_f32le_base64 }));
  expect(await lookUp(setting, [[1, HASH]])).toEqual([{ results, costNanoUsd: 12 }]);
});

test('another threshold or batch is the same model; another version, output or table is not', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  const content = {
    table: { name: 't' },
    model: { kind: 'sagemaker', version: '1' },
    output: { score: 'float' },
  };
  const revisions: readonly Readonly<Record<string, unknown>>[] = [
    { ...content, flag: 'score > 0.5' },
    { ...content, model: { kind: 'sagemaker', version: '2' } },
    { ...content, output: { risk: 'float' } },
    { ...content, table: { name: 'u' } },
    { ...content, flag: 'score > 0.9' },
    { table: content.table, model: content.model },
  ];
  for (const [index, each] of revisions.entries()) {
    await client.query(
      "insert into afterglow_internal.revisions (enrichment, revision, sha256, content) values ('fraud', $1, '', $2)",
      [index + 1, JSON.stringify(each)],
    );
  }
  expect((await equalModelRevisions(client, 'fraud', 5)).toSorted()).toEqual([1, 5]);
  expect(await equalModelRevisions(client, 'fraud', 6)).toEqual([6]);
});
