// What a replay or a repair will cost is told by its own rows, however many others the table has.
import { expect, test } from 'vitest';
import { priceOfKeys, priceOfRows } from '../../services/cli/cost/estimate-cost.ts';
import { parse } from '../../shared/config/fixtures/small-definition.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { type EnrichmentTables, stateTableDdl } from '../../shared/side-tables/enrichment-tables.ts';
import { failedKeys } from '../../shared/side-tables/failures.ts';
import { allMigrations } from '../../shared/side-tables/migrations.ts';
import { createDatabase } from '../support/stack.ts';

const NANO_USD = 1_000_000_000;
const ROWS = 30_000;
/** Three units are the least: thirty cents. */
const NOTE_NANO_USD = 0.3 * NANO_USD;
const MOOD = { enrichment: 'mood', aws: 'local' } as const;
const TABLES: EnrichmentTables = {
  enrichment: 'mood',
  keyColumns: [{ name: 'id', type: 'bigint' }],
  outputs: [],
  chunked: false,
};
const { keyColumns } = TABLES;

const { definition } = parse(`version: 1
pipeline: shop
sources: { notes: { table: public.notes } }
enrichments:
  mood: { from: notes, model: { kind: comprehend, language: { detect: never, fallback: en } }, input: [body] }
  fraud: { from: notes, model: { kind: sagemaker, endpoint: fraud, version: "1" }, input: [body], output: { score: float } }
prices: { comprehend_unit_usd: 0.1 }
`);
if (definition === undefined) throw new Error('the definition of this test is wrong');
const priced = (client: DatabaseClient, keys: Parameters<typeof priceOfKeys>[3]): Promise<number> =>
  priceOfKeys(client, definition, MOOD, keys);

async function setUp() {
  await using cleanup = new AsyncDisposableStack();
  const { url } = cleanup.use(await createDatabase());
  const client = await connectDatabase({ url, applicationName: 'test' });
  cleanup.defer(() => client.end());
  for (const { sql } of allMigrations()) await client.query(sql);
  for (const sql of stateTableDdl(TABLES)) await client.query(sql);
  await client.query('create table public.notes (id bigint primary key, body text not null)');
  await client.query(
    `insert into public.notes select n, case n when 2 then repeat('It works well. ', 66) else 'It works well, says ' || n end
       from generate_series(1, ${ROWS}) as n`,
  );
  await client.query('analyze public.notes');
  const disposal = cleanup.move();
  return { client, [Symbol.asyncDispose]: () => disposal.disposeAsync() };
}

/** Of the notes, by this connection. */
async function rowsRead(client: DatabaseClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select (seq_tup_read + idx_tup_fetch)::int4 as count from pg_stat_xact_user_tables where relname = 'notes'",
  );
  return rows[0]?.count ?? 0;
}

test('a replay of chosen failures is priced by those rows alone, and nothing else of their table is read', async () => {
  await using setting = await setUp();
  const { client } = setting;
  await client.query(
    `insert into afterglow_internal.state_mood (key_id, epoch, commit_lsn, event_index, revision, status, as_of, committed_at,
            failure_kind, failure_code, failure_message, dead_letter_id)
     select n, 1, '0/1', 0, 1, 'failed', now(), now(), 'contract', 'x', 'x', repeat('ab', 30) || to_char(n, 'FM0000')
       from generate_series(1, 3) as n`,
  );
  const failed = (ids: readonly string[], count: number) => ({
    keyColumns,
    ...failedKeys(TABLES, { ids }),
    count,
  });
  await client.query('begin');
  const before = await rowsRead(client);
  expect(await priced(client, failed([`${'ab'.repeat(30)}0002`], 1))).toBe(NANO_USD);
  const after = await rowsRead(client);
  await client.query('rollback');
  expect(after - before).toBe(1);
  expect(await priced(client, failed(['abab'], 3))).toBe(NANO_USD + 2 * NOTE_NANO_USD);
  expect(await priced(client, failed(['cdcd'], 0))).toBe(0);
});

test('ten thousand wrong rows are priced by two thousand of them, and those that are gone cost nothing', async () => {
  await using setting = await setUp();
  const { client } = setting;
  // As the audit keeps them: nobody has analysed the table. One in ten has no row.
  await client.query('create temporary table suspects (key text[] primary key)');
  await client.query(
    `insert into suspects select array[(case when n % 10 = 0 then -n else n + 2 end)::text] from generate_series(1, 10000) as n`,
  );
  const text = 'select key from suspects';
  const nanoUsd = await priced(client, { keyColumns, text, values: [], count: 10_000 });
  expect(Math.abs(nanoUsd - 9_000 * NOTE_NANO_USD), String(nanoUsd)).toBeLessThan(500 * NOTE_NANO_USD);
  // One that has no key is counted, too: the fence before all of them.
  const few = `${text} where key[1]::bigint between -10 and 6`;
  expect(await priced(client, { keyColumns, text: few, values: [], count: 6 })).toBe(4 * NOTE_NANO_USD);
});

test('of a model that is not paid by the call nothing is read for a price', async () => {
  await using setting = await setUp();
  const { client } = setting;
  await client.end();
  const keys = { keyColumns, text: 'select key from nowhere', values: [], count: 1 };
  const fraud = { enrichment: 'fraud', aws: 'local', condition: undefined } as const;
  expect(await priceOfKeys(client, definition, fraud, keys)).toBe(0);
  expect(await priceOfRows(client, definition, fraud)).toBe(0);
  await expect(priced(client, keys)).rejects.toThrow();
  await expect(priceOfRows(client, definition, { ...fraud, ...MOOD })).rejects.toThrow();
});
