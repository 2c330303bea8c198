// The reader under the login that init makes for it: what it sees of the transactions of others.
import { expect, test } from 'vitest';
import { connectDatabase, type DatabaseClient, quoteIdentifier } from '../../shared/postgres/connect.ts';
import { oldestWriter } from '../../shared/postgres/slots.ts';
import { createRedoJob, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { type InitSetting, setUp } from '../support/initialised.ts';
import { startReader } from '../support/reader.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const PASSWORD = 'of-the-reader';

function urlOf({ database, pipeline }: InitSetting): string {
  const url = new URL(database.url);
  url.username = `${pipeline}_reader`;
  url.password = PASSWORD;
  return url.href;
}

/** Somebody else's, which has written something and waits for its next statement. */
async function openTransaction({ database }: InitSetting): Promise<DatabaseClient> {
  const client = await connectDatabase({ url: database.url, applicationName: 'shop' });
  await client.query("begin; insert into reviews values ('open', 1, 'body')");
  return client;
}

test('how long another user has a transaction open is known under the login of the reader, and never guessed', async () => {
  await using setting = await setUp();
  const { client, pipeline } = setting;
  await setting.init({}, { loginPasswords: { reader: PASSWORD } });
  const open = await openTransaction(setting);
  const reader = await connectDatabase({ url: urlOf(setting), applicationName: 'reader' });
  try {
    const { rows } = await open.query<{ pid: number }>('select pg_backend_pid() as pid');
    // The oldest of the whole server is seen: tests beside this one may have an older one, for a moment.
    const seen = (): Promise<unknown> =>
      until(
        async () => {
          const oldest = await oldestWriter(reader);
          return oldest?.pid === rows[0]?.pid && oldest;
        },
        { deadlineMs: DEADLINE_MS, what: 'the transaction to be the oldest one' },
      );
    const known = { pid: rows[0]?.pid, application: 'shop' };
    expect(await seen()).toMatchObject({ ...known, ageSeconds: expect.any(Number) });
    await client.query(`revoke pg_read_all_stats from ${quoteIdentifier(`${pipeline}_reader`)}`);
    expect(await seen()).toMatchObject({ ...known, ageSeconds: undefined });
    expect(await setting.init()).toEqual(['sight of open transactions']);
    expect(await seen()).toMatchObject({ ...known, ageSeconds: expect.any(Number) });
  } finally {
    await reader.end();
    await open.end();
  }
});

test('a redo under the login of the reader does not wait until a transaction of another user ends', async () => {
  await using setting = await setUp();
  const { client, definition } = setting;
  await setting.init({}, { loginPasswords: { reader: PASSWORD } });
  const url = urlOf(setting);
  {
    await using first = startReader(definition, url);
    await first.streams();
  }
  await client.query("insert into reviews select 'lamp', n, 'body' from generate_series(1, 10) n");
  const open = await openTransaction(setting);
  try {
    await using reader = startReader(definition, url);
    await reader.streams();
    const job = await createRedoJob(client, {
      schema: 'public',
      table: 'reviews',
      reason: 'backfill',
      enrichments: [],
    });
    await until(async () => (await readRedoJob(client, job))?.state === 'done', {
      deadlineMs: DEADLINE_MS,
      what: 'the job to be done beside the open transaction',
    });
    expect((await readRedoJob(client, job))?.rowsDone).toBe(10);
  } finally {
    await open.end();
  }
});

test('a redo of keys under the login of the reader needs no right on the schema of their domain', async () => {
  await using setting = await setUp();
  const { client, definition, pipeline } = setting;
  await client.query(`create schema types; create domain types.product_name as text; create domain types.product as types.product_name;
    alter table reviews alter column product type types.product`);
  await setting.init({}, { loginPasswords: { reader: PASSWORD } });
  const { rows } = await client.query("select has_schema_privilege($1, 'types', 'usage') as may", [
    `${pipeline}_reader`,
  ]);
  expect(rows).toEqual([{ may: false }]);
  await client.query("insert into reviews select 'lamp', n, 'body' from generate_series(1, 10) n");
  await using reader = startReader(definition, urlOf(setting));
  await reader.streams();
  const job = await createRedoJob(client, {
    schema: 'public',
    table: 'reviews',
    reason: 'repair',
    enrichments: [],
    keys: [
      ['lamp', '3'],
      ['desk', '1'],
    ],
  });
  const ended = await until(
    async () => {
      const found = await readRedoJob(client, job);
      return found?.state === 'done' || found?.state === 'failed' ? found : undefined;
    },
    { deadlineMs: DEADLINE_MS, what: 'the job to end' },
  );
  expect(ended).toMatchObject({ state: 'done', failure: null, rowsDone: 2, rowsGone: 1 });
});
