// What is published changes under the reader, and shows no more, or shows elsewhere: nothing is lost without a word.
import { describe, expect, test } from 'vitest';
import { repairGap } from '../../services/reader/main.ts';
import { cdcTopic } from '../../shared/contracts/topics.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createCapture } from '../support/capture.ts';
import { type Captured, capture } from '../support/reader.ts';
import { Replay } from '../support/replay.ts';
import { brokers, createDatabase } from '../support/stack.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

test.each([16, 18] as const)(
  'the publication is altered and altered back while the reader streams: on, with a gap for every table, on PostgreSQL %i',
  async (version) => {
    await using database = await createDatabase(version);
    const tables = `create table orders (id int primary key, note text);
    create table visits (id int primary key, place text)`;
    await using setting = await capture(database.url, tables, ['orders', 'visits']);
    const { client, pipeline } = setting;
    await using reader = setting.start();
    await reader.streams();
    await client.query("insert into orders values (1, 'a')");
    await setting.caughtUp();
    // Neither is that the catalog itself is written anew, nor that what it says is said again.
    await client.query('vacuum (full, freeze) pg_publication');
    await setting.init();
    await client.query("insert into orders values (2, 'a')");
    await setting.caughtUp();
    expect(await listGaps(client)).toEqual([]);
    await client.query(`do $$ begin
    alter publication "${pipeline}" set (publish = 'insert'); commit;
    update orders set note = 'lost'; commit;
    alter publication "${pipeline}" set (publish = 'insert, update, delete, truncate'); commit;
  end $$`);
    const gaps = await until(
      async () => {
        const found = await listGaps(client);
        return found.length > 0 && found;
      },
      { deadlineMs: 120_000, what: 'a gap' },
    );
    expect(gaps).toMatchObject([{ reason: 'publication_changed', halts: false, state: 'open' }]);
    expect(gaps[0]?.tables.map(({ name }) => name)).toEqual(['orders', 'visits']);
    await client.query("insert into orders values (3, 'a')");
    await setting.caughtUp();
    await reader.streams();
    expect(await listGaps(client)).toHaveLength(1);
  },
);

test('partitions are published instead of their table: halt, and nothing is missing when they no longer are', async () => {
  await using database = await createDatabase();
  await using setting = await capture(
    database.url,
    `create table visits (region text, id int, place text, primary key (region, id)) partition by list (region);
     create table visits_eu partition of visits for values in ('eu');
     create table visits_us (place text, gone int, id int not null, region text not null);
     alter table visits_us drop column gone;
     alter table visits attach partition visits_us for values in ('us')`,
    ['visits'],
  );
  const { client, pipeline } = setting;
  await using reader = setting.start();
  await reader.streams();
  await client.query("insert into visits values ('eu', 1, 'a'), ('us', 1, 'a')");
  await setting.caughtUp();
  await client.query(`alter publication "${pipeline}" set (publish_via_partition_root = false)`);
  await client.query("insert into visits values ('eu', 2, 'b'), ('us', 2, 'b')");
  await client.query("update visits set place = 'c' where id = 1");
  await client.query("update visits set region = 'us', id = 3 where region = 'eu' and id = 2");
  await client.query("delete from visits where region = 'us' and id = 2");
  expect(await reader.standsStill(/publication_by_partition/)).toContain('afterglow init');
  await client.query("insert into visits values ('us', 4, 'd')");
  expect(await listGaps(client)).toEqual([]);
  await setting.init();
  await reader.streams();
  await client.query("insert into visits values ('us', 5, 'e')");
  await setting.caughtUp();
  const replay = new Replay();
  const topic = cdcTopic(pipeline, 'public', 'visits');
  const events = await readEvents(topic);
  for (const event of events) replay.accept(event);
  const { rows } = await client.query<object>('select * from visits order by region, id');
  const replayed = [...replay.rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  expect(replayed).toEqual(rows);
  expect(new Set(events.map(({ event }) => event?.source.schema_version ?? 1))).toEqual(new Set([1]));
  // Nobody can tell this from an operation that was left out.
  expect(await listGaps(client)).toMatchObject([{ halts: false, reason: 'publication_changed' }]);
});

test('an excluded column that somebody publishes all the same goes no further than the reader', async () => {
  await using setting = await createCapture(
    'create table people (id int primary key, name text, secret text); alter table people replica identity full',
    { people: '{ table: public.people, exclude: [secret] }' },
  );
  const { client, definition } = setting;
  await using _reader = await setting.start();
  await client.query("insert into people values (1, 'a', 'hidden')");
  await client.query(`alter publication "${definition.pipeline}" set table people`);
  await client.query("insert into people values (2, 'b', 'hidden')");
  await client.query("update people set name = 'c', secret = 'hidden too' where id = 2");
  await client.query('delete from people where id = 2');
  const events = await setting.events('people');
  expect(JSON.stringify(events)).not.toMatch(/hidden|secret/);
  expect(new Set(events.map(({ event }) => event?.op))).toEqual(new Set(['c', 'u', 'd', undefined]));
  expect(await listGaps(client)).toMatchObject([
    { reason: 'publication_changed', detail: expect.stringContaining('published anew with other columns') },
  ]);
});

const repair = ({ definition, url }: Captured) =>
  repairGap({
    definition,
    databaseUrl: url,
    brokers: [brokers()],
    logger: createLogger('test', 'silent'),
    newEpoch: false,
    consent: async () => true,
    onWaiting: () => {},
  });

/** What was committed in between is not to be had from the log: it is read again, `r`, and the rest comes as it was written. */
async function arrive({ pipeline }: Captured, wanted: Readonly<Record<string, string>>): Promise<void> {
  let first: Readonly<Record<string, string>> = {};
  const isSo = async (): Promise<boolean> => {
    const events = await readEvents(cdcTopic(pipeline, 'public', 'orders'));
    first = Object.fromEntries(
      events.toReversed().map(({ key, event }) => [String(JSON.parse(key).id), event?.op ?? '']),
    );
    return Object.keys(wanted).every((id) => id in first);
  };
  await until(isSo, { deadlineMs: 120_000, what: 'the rows', everyMs: 300 });
  expect(first).toEqual(wanted);
}

describe.each([16, 18] as const)('PostgreSQL %i', (version) => {
  test('a publication dropped and made again between two looks: a halt that a repair ends, whatever the slot can pass', async () => {
    await using database = await createDatabase(version);
    await using setting = await capture(database.url, 'create table orders (id int primary key)', ['orders']);
    const { client, pipeline } = setting;
    {
      await using reader = setting.start();
      await reader.streams();
      await client.query('insert into orders values (1)');
      await setting.caughtUp();
      const [publication, table] = [`publication "${pipeline}"`, 'for table orders'];
      await client.query(`do $$ begin
        drop ${publication}; commit;
        insert into orders values (2); commit;
        create ${publication} ${table} with (publish_via_partition_root = true); commit;
      end $$`);
      await reader.standsStill(/publication_(changed|incomplete)/);
    }
    const gap = await repair(setting);
    expect(gap).toMatchObject({ state: 'repairing', tables: [{ name: 'orders' }] });
    await using reader = setting.start();
    await reader.streams();
    await client.query('insert into orders values (3)');
    await arrive(setting, { '1': 'c', '2': 'r', '3': 'c' });
  });

  test('a publication that had another name for a while: a halt that a repair ends, whatever the slot can pass', async () => {
    await using database = await createDatabase(version);
    await using setting = await capture(database.url, 'create table orders (id int primary key)', ['orders']);
    const { client, pipeline } = setting;
    {
      await using reader = setting.start();
      await reader.streams();
      await client.query('insert into orders values (1)');
      await setting.caughtUp();
      await client.query(`alter publication "${pipeline}" rename to ${pipeline}_away`);
      await client.query('insert into orders values (2)');
      await reader.standsStill(/publication_incomplete/);
      await client.query(`alter publication ${pipeline}_away rename to "${pipeline}"`);
    }
    expect(await repair(setting)).toMatchObject({ state: 'repairing', tables: [{ name: 'orders' }] });
    await using reader = setting.start();
    await reader.streams();
    await client.query('insert into orders values (3)');
    await arrive(setting, { '1': 'c', '2': 'r', '3': 'c' });
  });

  test('a table dropped and made again while the reader is away: halt, before a row of the new one goes out', async () => {
    await using database = await createDatabase(version);
    const orders = 'create table public.orders (id int primary key)';
    await using setting = await capture(database.url, orders, ['orders']);
    const { client, pipeline } = setting;
    {
      await using reader = setting.start();
      await reader.streams();
      await client.query('insert into orders values (1)');
      await setting.caughtUp();
    }
    await client.query(`drop table orders; ${orders}`);
    await client.query('insert into orders values (2)');
    await client.query(`alter publication "${pipeline}" add table orders`);
    await client.query('insert into orders values (3)');
    {
      await using reader = setting.start();
      expect(await reader.standsStill(/publication_changed/)).toContain('was dropped and made again');
      await arrive(setting, { '1': 'c' });
    }
    await repair(setting);
    await using reader = setting.start();
    await reader.streams();
    await arrive(setting, { '1': 'c', '2': 'r', '3': 'c' });
  });

  test('a row filter that comes under the reader: halt, since it turns updates into deletes', async () => {
    await using database = await createDatabase(version);
    const orders = 'create table orders (id int primary key, note text)';
    await using setting = await capture(database.url, orders, ['orders']);
    await using reader = setting.start();
    await reader.streams();
    await setting.client.query(`alter publication "${setting.pipeline}" set table orders where (id > 10)`);
    await reader.standsStill(/publication_changed: .*another row filter/);
  });
});
