// A slot that the server gives up, a database that is set back, a server that goes away: what nobody may find out by
// missing rows.
import { expect, test } from 'vitest';
import { repairGap } from '../../services/reader/main.ts';
import { cdcTopic } from '../../shared/contracts/topics.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { ownServer } from '../support/own-server.ts';
import { type Captured, capture, startReader } from '../support/reader.ts';
import { brokers } from '../support/stack.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const TABLE = 'create table orders (id int primary key, note text)';
const SEGMENTS = 8;
/** Of 16 MB each: two segments may be kept for a slot. */
const SMALL_BUDGET = {
  max_slot_wal_keep_size: '32MB',
  checkpoint_timeout: '1h',
  max_wal_size: '48MB',
  min_wal_size: '32MB',
};

/** Fills the log until the server gives the slot up. */
async function exhaustBudget(client: DatabaseClient): Promise<void> {
  await client.query('create table if not exists filler (n int)');
  for (let segment = 0; segment < SEGMENTS; segment++) {
    await client.query('insert into filler values (1)');
    await client.query('select pg_switch_wal()');
  }
  await client.query('checkpoint');
}

const eventsOf = ({ pipeline }: Captured) => readEvents(cdcTopic(pipeline, 'public', 'orders'));

/** The row, whether as a change or read again. */
async function arrives(captured: Captured, id: number): Promise<void> {
  await until(async () => (await eventsOf(captured)).some(({ key }) => key === JSON.stringify({ id })), {
    deadlineMs: 120_000,
    what: `row ${id} in Kafka`,
    everyMs: 200,
  });
}

const repair = (captured: Captured, newEpoch = false) =>
  repairGap({
    definition: captured.definition,
    databaseUrl: captured.url,
    brokers: [brokers()],
    logger: createLogger('test', 'silent'),
    newEpoch,
    consent: async () => true,
    onWaiting: () => {},
  });

test.each([16, 18] as const)('a slot invalidated at rest on PostgreSQL %i', async (version) => {
  await using server = await ownServer(version, SMALL_BUDGET);
  await using captured = await capture(server.url, TABLE, ['orders']);
  {
    await using reader = captured.start();
    await reader.streams();
    await captured.client.query("insert into orders values (1, 'seen')");
    await arrives(captured, 1);
  }
  await captured.client.query("insert into orders values (2, 'lost')");
  await exhaustBudget(captured.client);
  await using reader = captured.start();
  await reader.standsStill(/slot_lost: Replication slot .* was invalidated/);
  expect(await listGaps(captured.client)).toMatchObject([{ reason: 'slot_lost', state: 'open' }]);
  expect(await repair(captured)).toMatchObject({ state: 'repairing', reason: 'slot_lost' });
  await reader.streams();
  await captured.client.query("insert into orders values (3, 'after')");
  await arrives(captured, 3);
  await arrives(captured, 2);
});

test.each([16, 18] as const)('a slot invalidated under its reader on PostgreSQL %i', async (version) => {
  await using server = await ownServer(version, SMALL_BUDGET);
  await using captured = await capture(server.url, TABLE, ['orders']);
  await using reader = captured.start();
  await reader.streams();
  const pinning = await connectDatabase({ url: server.url, applicationName: 'test (pinning)' });
  try {
    // The reader is up to date; it is this transaction that keeps the log.
    await pinning.query('begin');
    await pinning.query("insert into orders values (1, 'open')");
    await exhaustBudget(captured.client);
    await reader.standsStill(/slot_lost/);
  } finally {
    await pinning.end();
  }
  expect(await listGaps(captured.client)).toMatchObject([{ reason: 'slot_lost', halts: true }]);
});

test('a database restored from a copy: halt before any write, and a new epoch begins only on demand', async () => {
  await using server = await ownServer(18);
  let captured = await capture(server.url, TABLE, ['orders']);
  const { definition, pipeline } = captured;
  const read = async (id: number): Promise<void> => {
    await using reader = startReader(definition, server.url);
    await reader.streams();
    await captured.client.query('insert into orders values ($1, $2)', [id, 'x']);
    await arrives(captured, id);
  };
  await read(1);
  await captured[Symbol.asyncDispose]();
  await server.stop();
  const backup = server.backUp();
  await server.start();
  captured = await capture(server.url, 'select 1', ['orders'], pipeline);
  await read(2);
  await captured[Symbol.asyncDispose]();
  await server.stop();
  backup.restore();
  await server.start();
  captured = await capture(server.url, 'select 1', ['orders'], pipeline);
  await using _captured = captured;
  const before = await captured.client.query('select xmin::text, * from afterglow_internal.positions');
  const eventsBefore = await eventsOf(captured);
  await using reader = captured.start();
  await reader.standsStill(/database_(restored|forked)/);
  const after = await captured.client.query('select xmin::text, * from afterglow_internal.positions');
  expect(after.rows).toEqual(before.rows);
  expect(await listGaps(captured.client)).toEqual([]);
  expect(await eventsOf(captured)).toHaveLength(eventsBefore.length);
  await expect(repair(captured)).rejects.toMatchObject({
    code: expect.stringMatching(/database_(restored|forked)/),
  });
  expect(await repair(captured, true)).toMatchObject({ state: 'repairing', to: { epoch: 2 } });
  await reader.streams();
  await captured.client.query("insert into orders values (3, 'new epoch')");
  await arrives(captured, 3);
  const events = await eventsOf(captured);
  expect(events.filter(({ key }) => key === '{"id":3}').map(({ event }) => event?.source.epoch)).toContain(2);
});

test('a new epoch is refused where the database is the one that Kafka knows', async () => {
  await using server = await ownServer(18);
  await using captured = await capture(server.url, TABLE, ['orders']);
  {
    await using reader = captured.start();
    await reader.streams();
  }
  await captured.dropSlot();
  await expect(repair(captured, true)).rejects.toMatchObject({ code: 'gap_not_repairable' });
});

test('the slot is replaced three times an hour and no more', async () => {
  await using server = await ownServer(18);
  await using captured = await capture(server.url, TABLE, ['orders']);
  {
    await using reader = captured.start();
    await reader.streams();
  }
  for (let time = 1; time <= 3; time++) {
    await captured.dropSlot();
    expect(await repair(captured)).toMatchObject({ state: 'repairing' });
  }
  await captured.dropSlot();
  await expect(repair(captured)).rejects.toMatchObject({ code: 'slot_replacements_spent' });
});

test('a fast shutdown under load ends in seconds, and the reader goes on where it was', async () => {
  await using server = await ownServer(18);
  await using captured = await capture(server.url, TABLE, ['orders']);
  const reader = captured.start();
  await reader.streams();
  let written = 0;
  const writer = await connectDatabase({ url: server.url, applicationName: 'test (writer)' });
  const writing = (async () => {
    for (;;) {
      await writer.query('insert into orders values ($1, $2)', [written + 1, 'x']);
      written++;
    }
  })().catch(() => {});
  await until(() => written > 200, { deadlineMs: 120_000, what: 'some load' });
  expect(await server.stop()).toBeLessThan(8_000);
  await writing;
  await writer.end().catch(() => {});
  await server.start();
  const client = await connectDatabase({ url: server.url, applicationName: 'test' });
  const isActive = 'select from pg_replication_slots where slot_name = $1 and active';
  await until(async () => (await client.query(isActive, [captured.pipeline])).rowCount === 1, {
    deadlineMs: 120_000,
    what: 'the reader to come back',
  });
  await reader.streams();
  const count = async (): Promise<number> => {
    const events = await eventsOf(captured);
    return new Set(events.map(({ key }) => key)).size;
  };
  const { rows } = await client.query<{ count: number }>('select count(*)::int4 as count from orders');
  await until(async () => (await count()) === rows[0]?.count, {
    deadlineMs: 120_000,
    what: 'every row in Kafka',
    everyMs: 500,
  });
  await client.end();
});
