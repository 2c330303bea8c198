// The very first start of a reader, when nothing is there yet but what init made.
import { expect, test } from 'vitest';
import { createSnapshotJobs, forgetEmptySnapshots } from '../../services/reader/redo/snapshot-jobs.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { type InitSetting, setUp } from '../support/initialised.ts';
import { startReader } from '../support/reader.ts';

const JOBS_MAX = 100;
const FILL = `insert into transactions (kind, amount, card_last4) values ('purchase', 1, '4242');
  insert into reviews values ('lamp', 1, 'good')`;

const firstLoads = async ({ client }: InitSetting): Promise<readonly string[]> =>
  (await listRedoJobs(client, JOBS_MAX)).map(({ table, reason }) => `${reason} of ${table}`).toSorted();
const ONE_OF_EACH = ['snapshot of reviews', 'snapshot of transactions'];

test('two readers that start at the same time: one makes slot and first load, the other stands by', async () => {
  await using setting = await setUp();
  await setting.init();
  await setting.client.query(FILL);
  const { definition, database } = setting;
  await using one = startReader(definition, database.url);
  await using other = startReader(definition, database.url);
  const [reads, waits] = await Promise.race([
    one.streams().then(() => [one, other] as const),
    other.streams().then(() => [other, one] as const),
  ]);
  await waits.standsStill(/Standing by: process \d+/);
  await reads.streams();
  expect(await firstLoads(setting)).toEqual(ONE_OF_EACH);
});

test('the first load is made once, however many ask for it at once, and by nobody who comes after the slot', async () => {
  await using setting = await setUp();
  await setting.init();
  const { client, database, definition, pipeline } = setting;
  await client.query(FILL);
  const other = await connectDatabase({ url: database.url, applicationName: 'test' });
  try {
    await Promise.all([client, other].map((each) => createSnapshotJobs(each, definition)));
    expect(await firstLoads(setting)).toEqual(ONE_OF_EACH);
    await client.query("update afterglow_internal.redo_jobs set state = 'done', finished_at = now()");
    await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [pipeline]);
    await createSnapshotJobs(other, definition);
    expect(await firstLoads(setting)).toEqual(ONE_OF_EACH);
  } finally {
    await client.query('select pg_drop_replication_slot($1)', [pipeline]);
    await other.end();
  }
});

test('a table whose rows are hidden from the reader is not taken for an empty one', async () => {
  await using setting = await setUp();
  const password = 'of-the-services';
  await setting.init({}, { loginPasswords: { reader: password } });
  const { client, database, definition, pipeline } = setting;
  await client.query(`${FILL}; alter table transactions enable row level security`);
  const url = new URL(database.url);
  url.username = `${pipeline}_reader`;
  url.password = password;
  const reader: DatabaseClient = await connectDatabase({ url: url.href, applicationName: 'reader' });
  try {
    await createSnapshotJobs(reader, definition);
    await client.query('truncate reviews');
    await forgetEmptySnapshots(reader, definition);
    expect(await firstLoads(setting)).toEqual(['snapshot of transactions']);
  } finally {
    await reader.end();
  }
});
