import { expect, test } from 'vitest';
import {
  CompletionReader,
  type CompletionSettings,
  type RowToComplete,
} from '../../services/enricher/completion-read.ts';
import { findTable, readCatalog } from '../../shared/postgres/catalog.ts';
import {
  connectDatabase,
  createPool,
  type DatabaseClient,
  type DatabasePool,
  quoteIdentifier,
} from '../../shared/postgres/connect.ts';
import { readTypeCatalog } from '../../shared/postgres/type-catalog.ts';
import { migrationStatements, pendingMigrations } from '../../shared/side-tables/migrations.ts';
import { createDatabase, uniquePipelineName } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 60_000;
const TABLE = `
  create type mood as enum ('good', 'bad');
  create domain cents as integer;
  create table notes (shelf text, number integer, body text, mood mood, price cents, ratio double precision, tags text[],
    primary key (number, shelf));
  insert into notes values ('a', 1, 'first', 'good', 100, 'NaN', '{x,"y z"}'), ('b', 2, null, null, null, 0.1, null)`;

interface Setting extends AsyncDisposable {
  readonly client: DatabaseClient;
  readonly pool: DatabasePool;
  readonly heard: string[];
  readonly stop: AbortController;
  reader(columns: readonly string[], more?: Partial<CompletionSettings>): Promise<CompletionReader>;
}

async function setUp(version: 16 | 18 = 18, url = (databaseUrl: string) => databaseUrl): Promise<Setting> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await createDatabase(version));
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  cleanup.defer(() => client.end());
  await client.query(TABLE);
  for (const sql of pendingMigrations([]).flatMap(migrationStatements)) await client.query(sql);
  const pool = createPool({
    url: url(database.url),
    applicationName: 'completion',
    connectionsMax: 2,
    refusesRowSecurity: true,
  });
  cleanup.defer(() => pool.end());
  const heard: string[] = [];
  const stop = new AbortController();
  const disposal = cleanup.move();
  return {
    client,
    pool,
    heard,
    stop,
    async reader(columns, more = {}) {
      const table = findTable(await readCatalog(client), { schema: 'public', name: 'notes' });
      if (table === undefined) throw new Error('no table');
      return new CompletionReader({
        database: pool,
        table,
        columns,
        types: await readTypeCatalog(client),
        observer: {
          completed: (result) => heard.push(result),
          paused: () => heard.push('paused'),
          resumed: () => heard.push('resumed'),
        },
        stopping: stop.signal,
        ...more,
      });
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

const row = (shelf: string, number: number, xid: number | null = null): RowToComplete => ({
  key: { number, shelf },
  epoch: 0,
  xid,
});

async function currentXid(client: DatabaseClient): Promise<number> {
  const { rows } = await client.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
  return Number(BigInt(rows[0]?.xid ?? '0') % (1n << 32n));
}

test.for([16, 18] as const)(
  'a row is read as the log would bring it, and a key without a row is gone (PostgreSQL %i)',
  async (version) => {
    await using setting = await setUp(version);
    const reader = await setting.reader(['body', 'mood', 'price', 'ratio', 'tags']);
    const completed = await Promise.all(
      [row('a', 1), row('c', 3), row('b', 2), row('a', 1)].map((each) => reader.complete(each)),
    );
    const first = {
      kind: 'row',
      row: { body: 'first', mood: 'good', price: 100, ratio: 'NaN', tags: ['x', 'y z'] },
    };
    const second = { kind: 'row', row: { body: null, mood: null, price: null, ratio: 0.1, tags: null } };
    expect(completed).toEqual([first, { kind: 'gone' }, second, first]);
  },
);

test('what the change did is waited for: a row that does not show it yet is not taken', async () => {
  await using setting = await setUp();
  const { client, pool, heard } = setting;
  const reader = await setting.reader(['body']);
  await client.query('begin');
  await client.query("update public.notes set body = 'second' where number = 1");
  await client.query('delete from public.notes where number = 2');
  const xid = await currentXid(client);
  const completing = Promise.all([row('a', 1, xid), row('b', 2, xid)].map((each) => reader.complete(each)));
  await until(() => heard.filter((word) => word === 'unseen').length >= 4, {
    deadlineMs: DEADLINE_MS,
    what: 'the change to be looked for twice',
  });
  // Others are not held up by it.
  expect(await reader.complete(row('a', 1, xid - 1))).toEqual({ kind: 'row', row: { body: 'first' } });
  await client.query('commit');
  expect(await completing).toEqual([{ kind: 'row', row: { body: 'second' } }, { kind: 'gone' }]);
  expect(pool.totalCount).toBeLessThanOrEqual(2);
});

test('a transaction from before a restore cannot be seen, and is not waited for', async () => {
  await using setting = await setUp();
  const { client } = setting;
  await client.query(
    "insert into afterglow_internal.positions (pipeline, epoch, system_id, timeline, lsn) values ('p', 1, '7', 1, '0/10')",
  );
  const reader = await setting.reader(['body']);
  const ahead = (await currentXid(client)) + 1_000_000;
  expect(await reader.complete(row('a', 1, ahead))).toEqual({ kind: 'row', row: { body: 'first' } });
});

test('told to stop, nothing is waited for any more', async () => {
  await using setting = await setUp();
  const reader = await setting.reader(['body']);
  const ahead = (await currentXid(setting.client)) + 1_000_000;
  const completing = reader.complete(row('a', 1, ahead));
  setting.stop.abort();
  await expect(completing).rejects.toMatchObject({ kind: 'unavailable', code: 'change_unseen' });
});

test('a lost connection is waited over', async () => {
  await using setting = await setUp();
  const { client, pool, heard } = setting;
  const reader = await setting.reader(['body']);
  await client.query('begin; lock table public.notes in access exclusive mode');
  const completing = reader.complete(row('a', 1));
  const killed = async (): Promise<boolean> => {
    const { rowCount } = await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'completion' and wait_event_type = 'Lock'`,
    );
    return (rowCount ?? 0) > 0;
  };
  await until(killed, { deadlineMs: DEADLINE_MS, what: 'the read to wait for the lock' });
  await until(() => heard.includes('paused'), { deadlineMs: DEADLINE_MS, what: 'the read to notice' });
  await client.query('commit');
  expect(await completing).toEqual({ kind: 'row', row: { body: 'first' } });
  expect(heard.at(-1)).toBe('row');
  expect(heard).toContain('resumed');
});

test('a row that a policy hides is an error, not a deletion', async () => {
  const role = uniquePipelineName();
  await using setting = await setUp(18, (databaseUrl) => {
    const url = new URL(databaseUrl);
    url.username = role;
    url.password = 'secret';
    return url.href;
  });
  const { client } = setting;
  const name = quoteIdentifier(role);
  await client.query(`create role ${name} login password 'secret'`);
  try {
    await client.query(
      `grant select on public.notes to ${name}; grant usage on schema afterglow_internal to ${name};
       grant select on afterglow_internal.positions to ${name}; alter table public.notes enable row level security`,
    );
    const reader = await setting.reader(['body']);
    await expect(reader.complete(row('a', 1))).rejects.toMatchObject({ code: 'privileges_missing' });
  } finally {
    await setting.pool.query('select 1').catch(() => {});
    await client.query(`drop owned by ${name}; drop role ${name}`);
  }
});

test('a key longer than its column was at the start is not cut to that of another row', async () => {
  await using setting = await setUp();
  const { client } = setting;
  await client.query('alter table notes alter column shelf type varchar(3)');
  await client.query("insert into notes (shelf, number, body) values ('abc', 7, 'short')");
  const reader = await setting.reader(['body']);
  await client.query('alter table notes alter column shelf type varchar(9)');
  await client.query("insert into notes (shelf, number, body) values ('abcdef', 7, 'long')");
  expect(await reader.complete(row('abcdef', 7))).toEqual({ kind: 'row', row: { body: 'long' } });
  expect(await reader.complete(row('abcde', 7))).toEqual({ kind: 'gone' });
});
