// What the reader does when slot, publication or database are not as it left them: it stands still, says why, writes it
// down, and begins again only after a repair.
import { describe, expect, test } from 'vitest';
import { writeStoredPosition } from '../../shared/contracts/stored-position.ts';
import { cdcTopic, noticesTopic, positionsTopic } from '../../shared/contracts/topics.ts';
import { readLastRecord } from '../../shared/kafka/last-record.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { type Captured, capture } from '../support/reader.ts';
import { Replay } from '../support/replay.ts';
import { brokers, createDatabase } from '../support/stack.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const TABLES = `create table orders (id int primary key, note text);
  create table visits (id int primary key, place text)`;
const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };

interface Setting extends Captured {
  /** Reads one row and stops, so that there is a position. */
  used(): Promise<void>;
}

async function setUp(version: 16 | 18 = 18): Promise<Setting> {
  const database = await createDatabase(version);
  const captured = await capture(database.url, TABLES, ['orders', 'visits']);
  return {
    ...captured,
    async used() {
      await using reader = captured.start();
      await reader.streams();
      await captured.client.query("insert into orders values (1, 'a')");
      await captured.caughtUp();
    },
    async [Symbol.asyncDispose]() {
      await captured[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function confirmed({ client, pipeline }: Captured): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>(
    'select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1',
    [pipeline],
  );
  return rows[0]?.lsn ?? '';
}

/** Ends the connection of whoever reads the slot, and drops it as soon as it is free. */
async function dropUnderReader({ client, pipeline }: Captured): Promise<void> {
  await until(
    async () => {
      await client.query(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
        [pipeline],
      );
      return await client.query('select pg_drop_replication_slot($1)', [pipeline]).then(
        () => true,
        () => false,
      );
    },
    { deadlineMs: 10_000, what: 'the slot to be dropped', everyMs: 1 },
  );
}

describe.each([16, 18] as const)('PostgreSQL %i', (version) => {
  test('a slot dropped at rest: halt, gap record and notice, and after a restart again', async () => {
    await using setting = await setUp(version);
    await setting.used();
    await setting.dropSlot();
    {
      await using reader = setting.start();
      expect(await reader.standsStill(/slot_lost/)).toContain('afterglow gaps repair');
      const [gap, ...others] = await listGaps(setting.client);
      expect(others).toEqual([]);
      expect(gap).toMatchObject({ reason: 'slot_lost', state: 'open', halts: true });
      expect(gap?.tables.map(({ name }) => name)).toEqual(['orders', 'visits']);
      const value = await until(() => readLastRecord(kafka, noticesTopic(setting.pipeline)), {
        deadlineMs: 10_000,
        what: 'a notice',
      });
      expect(JSON.parse(String(value))).toMatchObject({ kind: 'gap', reason: 'slot_lost', state: 'open' });
    }
    await using again = setting.start();
    await again.standsStill(/slot_lost/);
    expect(await listGaps(setting.client)).toHaveLength(1);
    const { rows } = await setting.client.query('select from pg_replication_slots where slot_name = $1', [
      setting.pipeline,
    ]);
    expect(rows).toEqual([]);
  });

  test('a slot dropped under its reader', async () => {
    await using setting = await setUp(version);
    await using reader = setting.start();
    await reader.streams();
    await setting.client.query("insert into orders values (1, 'a')");
    await dropUnderReader(setting);
    await reader.standsStill(/slot_lost/);
  });

  test('a slot that somebody made anew: it is ahead of what is in Kafka', async () => {
    await using setting = await setUp(version);
    await setting.used();
    await setting.dropSlot();
    await setting.client.query("insert into orders values (2, 'lost')");
    await setting.client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [
      setting.pipeline,
    ]);
    await using reader = setting.start();
    await reader.standsStill(/slot_moved/);
  });

  test('the publication is dropped while the reader is away', async () => {
    await using setting = await setUp(version);
    await setting.used();
    await setting.client.query(`drop publication "${setting.pipeline}"`);
    await setting.client.query("insert into orders values (2, 'lost')");
    await using reader = setting.start();
    await reader.standsStill(/publication_incomplete/);
  });

  test('the publication is dropped while the reader streams: nothing is acknowledged any more', async () => {
    await using setting = await setUp(version);
    await using reader = setting.start();
    await reader.streams();
    await setting.client.query("insert into orders values (1, 'a')");
    await setting.caughtUp();
    const before = await confirmed(setting);
    await setting.client.query(`drop publication "${setting.pipeline}"`);
    await setting.client.query("insert into orders values (2, 'lost')");
    await reader.standsStill(/publication_incomplete/);
    expect(await confirmed(setting)).toBe(before);
    await setting.init(); // mended, but what was committed meanwhile is lost: it still stands still
    await using again = setting.start();
    await again.standsStill(/publication_incomplete/);
  });

  test('a table is taken out and put back while the reader is away', async () => {
    await using setting = await setUp(version);
    await setting.used();
    await setting.client.query(`alter publication "${setting.pipeline}" drop table visits`);
    await setting.client.query("insert into visits values (1, 'lost')");
    await setting.client.query(`alter publication "${setting.pipeline}" add table visits`);
    await using reader = setting.start();
    await reader.standsStill(/publication_changed/);
    expect((await listGaps(setting.client))[0]?.tables).toEqual([{ schema: 'public', name: 'visits' }]);
  });

  test('a table is taken out and put back while the reader streams', async () => {
    await using setting = await setUp(version);
    await using reader = setting.start();
    await reader.streams();
    await setting.client.query(`alter publication "${setting.pipeline}" drop table visits`);
    await setting.client.query("insert into visits values (1, 'lost')");
    await setting.client.query(`alter publication "${setting.pipeline}" add table visits`);
    await reader.standsStill(/publication_changed/);
  });

  test('the publication is altered and altered back while the reader streams: on, with a gap for every table', async () => {
    await using setting = await setUp(version);
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
      { deadlineMs: 30_000, what: 'a gap' },
    );
    expect(gaps).toMatchObject([{ reason: 'publication_changed', halts: false, state: 'open' }]);
    expect(gaps[0]?.tables.map(({ name }) => name)).toEqual(['orders', 'visits']);
    await client.query("insert into orders values (3, 'a')");
    await setting.caughtUp();
    await reader.streams();
    expect(await listGaps(client)).toHaveLength(1);
  });

  test('the replica identity changes while the reader streams', async () => {
    await using setting = await setUp(version);
    await using reader = setting.start();
    await reader.streams();
    await setting.client.query('alter table visits replica identity full');
    await reader.standsStill(/publication_changed/);
  });
});

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

test('another database system than the one in Kafka: halt, and not a row is written', async () => {
  await using setting = await setUp();
  await setting.used();
  const { pipeline, client } = setting;
  const before = await client.query('select xmin::text, * from afterglow_internal.positions');
  await using producer = await connectProducer(kafka);
  const value = writeStoredPosition({ epoch: 1, systemId: '1234', timeline: 1, lsn: 1n });
  await producer.send([{ topic: positionsTopic(pipeline), partition: 0, key: pipeline, value }]);
  await using reader = setting.start();
  await reader.standsStill(/database_forked/);
  expect(await listGaps(client)).toEqual([]);
  expect((await client.query('select xmin::text, * from afterglow_internal.positions')).rows).toEqual(
    before.rows,
  );
});

test('Kafka is ahead of the database: the database was set back, and nothing is written', async () => {
  await using setting = await setUp();
  await setting.used();
  const { pipeline, client } = setting;
  const position = 'update afterglow_internal.positions set lsn = $1::pg_lsn - 1 where pipeline = $2';
  const { rows } = await client.query<{ lsn: string }>('select lsn::text from afterglow_internal.positions');
  await client.query(position, [rows[0]?.lsn, pipeline]);
  await using reader = setting.start();
  await reader.standsStill(/database_restored/);
  expect(await listGaps(client)).toEqual([]);
});

test('a second reader stands by, and takes over when the first one stops', async () => {
  await using setting = await setUp();
  await using second = await (async () => {
    await using first = setting.start();
    await first.streams();
    const other = setting.start();
    await other.standsStill(/Standing by: process \d+/);
    return other;
  })();
  await second.streams();
});

test('a new slot waits for an open write transaction, and says for whose', async () => {
  await using setting = await setUp();
  const { client } = setting;
  await client.query('begin');
  await client.query("insert into orders values (1, 'open')");
  await using reader = setting.start();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  expect(await reader.standsStill(/waits for open write transactions/)).toContain(`process ${rows[0]?.pid} `);
  await client.query('commit');
  await reader.streams();
});
