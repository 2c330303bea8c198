// A standby takes over: what the reader has in Kafka must be in it, or the reader reads nothing there.
import { expect, test } from 'vitest';
import { cdcTopic } from '../../shared/contracts/topics.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { type OwnServer, ownServer } from '../support/own-server.ts';
import { type Captured, capture, startReader } from '../support/reader.ts';
import { STANDBY_SLOT, type Standby, standbyOf } from '../support/standby.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const TABLE = 'create table orders (id int primary key)';
const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 400_000;

interface Pair extends AsyncDisposable {
  readonly primary: OwnServer;
  readonly standby: Standby;
  readonly captured: Captured;
  insert(from: number, to: number): Promise<void>;
  arrived(count: number): Promise<void>;
  /** Resolves when the standby holds what is committed now. */
  received(): Promise<void>;
}

async function pair(primarySettings: Readonly<Record<string, string>> = {}): Promise<Pair> {
  const primary = await ownServer(18, primarySettings);
  const captured = await capture(primary.url, TABLE, ['orders']);
  await captured.client.query('select pg_create_physical_replication_slot($1, true)', [STANDBY_SLOT]);
  const standby = await standbyOf(primary, 18);
  return {
    primary,
    standby,
    captured,
    insert: async (from, to) => {
      await captured.client.query('insert into orders select generate_series($1::int, $2::int)', [from, to]);
    },
    arrived: async (count) => {
      const keys = async (): Promise<number> =>
        new Set((await readEvents(cdcTopic(captured.pipeline, 'public', 'orders'))).map(({ key }) => key))
          .size;
      await until(async () => (await keys()) === count, {
        deadlineMs: DEADLINE_MS,
        what: `${count} rows in Kafka`,
        everyMs: 500,
      });
    },
    received: async () => {
      const { client } = captured;
      const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
      const isHeld = 'select from pg_replication_slots where slot_name = $1 and restart_lsn >= $2';
      await until(async () => (await client.query(isHeld, [STANDBY_SLOT, rows[0]?.lsn])).rowCount === 1, {
        deadlineMs: DEADLINE_MS,
        what: 'the standby to hold what is committed',
      });
    },
    async [Symbol.asyncDispose]() {
      await captured[Symbol.asyncDispose]();
      await standby[Symbol.asyncDispose]();
      await primary[Symbol.asyncDispose]();
    },
  };
}

test('a standby with the synchronised slot is promoted: nothing is lost, and the reader goes on there', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using both = await pair({ synchronized_standby_slots: STANDBY_SLOT });
  const { primary, standby, captured, insert, arrived } = both;
  {
    await using reader = captured.start();
    await reader.streams();
    await insert(1, 100);
    await arrived(100);
    await standby.synced(captured.pipeline);
    await insert(101, 200);
    await arrived(200);
    await insert(201, 300); // some of these may not be read before the end
  }
  await both.received();
  await primary.crash();
  await standby.promote();
  await using reader = startReader(captured.definition, standby.url);
  await reader.streams();
  const client = await connectDatabase({ url: standby.url, applicationName: 'test' });
  await client.query('insert into orders select generate_series(301, 400)');
  const { rows } = await client.query<{ count: number }>('select count(*)::int4 as count from orders');
  expect(rows[0]?.count).toBe(400);
  await arrived(400);
  expect(await listGaps(client)).toEqual([]);
  await client.end();
});

test('a standby is not read from before it is promoted', { timeout: TEST_MAX_MS }, async () => {
  await using both = await pair();
  await using reader = startReader(both.captured.definition, both.standby.url);
  await reader.standsStill(/This node is a standby/);
});

test('a standby that lacks what is in Kafka is promoted: the reader halts and writes nothing', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using both = await pair();
  const { primary, standby, captured, insert, arrived } = both;
  {
    await using reader = captured.start();
    await reader.streams();
    await insert(1, 100);
    await arrived(100);
    await standby.synced(captured.pipeline);
    await standby.stop();
    await insert(101, 200);
    await arrived(200);
  }
  await primary.crash();
  await standby.start();
  await standby.promote();
  await using reader = startReader(captured.definition, standby.url);
  await reader.standsStill(/database_forked/);
  const client = await connectDatabase({ url: standby.url, applicationName: 'test' });
  expect(await listGaps(client)).toEqual([]);
  await client.end();
});
