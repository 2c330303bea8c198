// What the reader does when slot, publication or database are not as it left them: it stands still, says why, writes it
// down, and begins again only after a repair.
import { describe, expect, test } from 'vitest';
import { writeStoredPosition } from '../../shared/contracts/stored-position.ts';
import { noticesTopic, positionsTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { readLastRecord } from '../../shared/kafka/last-record.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { listGaps, recordGap } from '../../shared/side-tables/gaps.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { type Captured, capture } from '../support/reader.ts';
import { brokers, createDatabase } from '../support/stack.ts';
import { readTopic } from '../support/topic.ts';
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

async function isConfirmedBeyond({ client, pipeline }: Captured, lsn: string | undefined): Promise<boolean> {
  const { rows } = await client.query<{ beyond: boolean }>(
    'select confirmed_flush_lsn > $2::pg_lsn as beyond from pg_replication_slots where slot_name = $1',
    [pipeline, lsn],
  );
  return rows[0]?.beyond ?? true;
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
    { deadlineMs: 120_000, what: 'the slot to be dropped', everyMs: 1 },
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
        deadlineMs: 120_000,
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
    const { client } = setting;
    await client.query(`drop publication "${setting.pipeline}"`);
    // A beat of the reader from before that may still be acknowledged.
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    await client.query("insert into orders values (2, 'lost')");
    await reader.standsStill(/publication_incomplete/);
    expect(await isConfirmedBeyond(setting, rows[0]?.lsn)).toBe(false);
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

  test('the replica identity changes while the reader streams', async () => {
    await using setting = await setUp(version);
    await using reader = setting.start();
    await reader.streams();
    await setting.client.query('alter table visits replica identity full');
    await reader.standsStill(/publication_changed/);
  });
});

test('a gap whose notice the topic refused is told by whoever comes next, and then no more', async () => {
  await using setting = await setUp();
  await setting.used();
  await setting.dropSlot();
  const topic = noticesTopic(setting.pipeline);
  const told = async (): Promise<readonly (readonly unknown[])[]> =>
    (await readTopic(topic)).map(({ value }) => {
      const { gap, state } = JSON.parse(String(value));
      return [gap, state];
    });
  const admin = await connectKafkaAdmin(kafka);
  const takesBytes = async (bytes: number): Promise<void> => {
    await admin.alterTopics([{ topic, settings: { 'max.message.bytes': String(bytes) } }]);
    await until(
      async () => (await admin.describeTopics([topic]))[0]?.settings['max.message.bytes'] === String(bytes),
      { deadlineMs: 120_000, what: 'the topic to be altered' },
    );
  };
  await takesBytes(1);
  {
    await using refused = setting.start();
    await refused.standsStill(/MESSAGE_TOO_LARGE/);
    expect(await listGaps(setting.client)).toMatchObject([{ reason: 'slot_lost', state: 'open' }]);
  }
  expect(await told()).toEqual([]);
  await takesBytes(1_048_576);
  {
    await using reader = setting.start();
    await reader.standsStill(/slot_lost/);
    await until(async () => (await told()).length > 0, { deadlineMs: 120_000, what: 'the notice' });
  }
  await admin.close();
  await using again = setting.start();
  await again.standsStill(/slot_lost/);
  expect(await told()).toEqual([['1', 'open']]);
});

test('a gap that a reader wrote down before it ended is not written down again by the next one', async () => {
  await using setting = await setUp();
  const from = { epoch: 1, lsn: 16n };
  const draft = { reason: 'publication_changed', detail: 'It was altered.', halts: false, tables: [], from };
  expect(await recordGap(setting.client, draft)).toMatchObject({ id: '1', state: 'open' });
  expect(await recordGap(setting.client, draft)).toBeUndefined();
  expect(await recordGap(setting.client, { ...draft, from: { epoch: 1, lsn: 17n } })).toBeDefined();
  const halts = { ...draft, halts: true };
  expect(await recordGap(setting.client, halts)).toMatchObject({ halts: true });
  expect(await recordGap(setting.client, halts)).toBeUndefined();
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
  // The oldest of the whole server is told of: tests beside this one may have one open, too, for a moment.
  await reader.standsStill(new RegExp(`waits for open write transactions: process ${rows[0]?.pid} `));
  await client.query('commit');
  await reader.streams();
});
