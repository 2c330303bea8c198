import { describe, expect, test } from 'vitest';
import { formatLsn, parseLsn } from '../../shared/contracts/position.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import type { PgoutputMessage } from '../../shared/postgres/pgoutput.ts';
import { openReplication, type Received } from '../../shared/postgres/replication.ts';
import { createDatabase, type TestDatabase } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const BUFFER_BYTES_MAX = 1_048_576;

async function withSlot(database: TestDatabase, table: string) {
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  await client.query(table);
  await client.query('create publication p for table t');
  const slot = `slot_${database.name}`;
  await client.query('select pg_create_logical_replication_slot($1, $2)', [slot, 'pgoutput']);
  const confirmed = async (): Promise<bigint> => {
    const { rows } = await client.query<{ lsn: string }>(
      'select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1',
      [slot],
    );
    return parseLsn(rows[0]?.lsn ?? '0/0');
  };
  // The server lets go of a slot a moment after its connection is closed.
  const free = async (): Promise<void> => {
    const active = 'select from pg_replication_slots where slot_name = $1 and active';
    await until(async () => (await client.query(active, [slot])).rowCount === 0, {
      deadlineMs: 60_000,
      what: 'the slot to be free',
    });
  };
  return {
    client,
    slot,
    confirmed,
    free,
    options: { url: database.url, slot, publication: 'p', bufferBytesMax: BUFFER_BYTES_MAX },
  };
}

/** The messages of the next `count` transactions. */
async function transactions(
  stream: AsyncIterable<readonly Received[]>,
  count: number,
): Promise<PgoutputMessage[]> {
  const messages: PgoutputMessage[] = [];
  let commits = 0;
  for await (const arrived of stream) {
    for (const received of arrived) {
      if (received.kind !== 'change') continue;
      messages.push(received.message);
      if (received.message.tag === 'commit') commits++;
    }
    if (commits >= count) break;
  }
  return messages;
}

describe.each([16, 18] as const)('the stream of a slot, PostgreSQL %i', (version) => {
  test('values arrive as the exact text of the session form', async () => {
    await using database = await createDatabase(version);
    const { client, options } = await withSlot(
      database,
      'create table t (id bigint primary key, at timestamptz, n numeric, j jsonb, b bytea, i interval, f float8)',
    );
    await client.query("set timezone = 'America/New_York'");
    await client.query(
      `insert into t values (9007199254740993, '2026-11-20 09:15:02.123456+00', 'NaN', '{"n": 12345678901234567890}', '\\xff00', '1 day 2 hours', 0.1)`,
    );
    {
      await using stream = await openReplication(options);
      const messages = await transactions(stream, 1);
      const insert = messages.find((message) => message.tag === 'insert');
      expect(insert?.tag === 'insert' ? insert.after : undefined).toEqual([
        '9007199254740993',
        '2026-11-20 09:15:02.123456+00',
        'NaN',
        '{"n": 12345678901234567890}',
        '\\xff00',
        '1 day 02:00:00',
        '0.1',
      ]);
    }
    await client.end();
  });

  test('an acknowledgement moves the slot to exactly that position, not one byte further', async () => {
    await using database = await createDatabase(version);
    const { client, options, confirmed } = await withSlot(database, 'create table t (id int primary key)');
    await client.query('insert into t values (1)');
    {
      await using stream = await openReplication(options);
      const commit = (await transactions(stream, 1)).find((message) => message.tag === 'commit');
      const end = commit?.tag === 'commit' ? commit.commitEndLsn : 0n;
      await stream.acknowledge(end);
      await until(async () => (await confirmed()) >= end, { deadlineMs: 120_000, what: 'the slot to move' });
      expect(formatLsn(await confirmed())).toBe(formatLsn(end));
    }
    await client.end();
  });

  test('more than the buffer holds is read to its end: the socket pauses and goes on', async () => {
    await using database = await createDatabase(version);
    const { client, options } = await withSlot(database, 'create table t (id int primary key, body text)');
    await client.query("insert into t select n, repeat('x', 2000) from generate_series(1, 5000) n");
    {
      await using stream = await openReplication(options);
      const messages = await transactions(stream, 1);
      expect(messages.filter(({ tag }) => tag === 'insert').length).toBe(5_000);
    }
    await client.end();
  });

  test('a lost connection is an error of the iteration, and the slot stays where it was acknowledged', async () => {
    await using database = await createDatabase(version);
    const { client, slot, options, confirmed } = await withSlot(
      database,
      'create table t (id int primary key)',
    );
    const before = await confirmed();
    await client.query('insert into t values (1)');
    {
      await using stream = await openReplication(options);
      await transactions(stream, 1);
      const lost = expect(transactions(stream, 1)).rejects.toThrow();
      await client.query(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
        [slot],
      );
      await lost;
    }
    expect(await confirmed()).toBe(before);
    await client.end();
  });

  test('a stream that cannot begin, since the slot is in use, leaves no connection behind', async () => {
    await using database = await createDatabase(version);
    const { client, options } = await withSlot(database, 'create table t (id int primary key)');
    {
      await using _first = await openReplication(options);
      await expect(openReplication(options)).rejects.toMatchObject({ code: '55006' });
      const senders = "select from pg_stat_activity where datname = $1 and backend_type = 'walsender'";
      await until(async () => (await client.query(senders, [database.name])).rowCount === 1, {
        deadlineMs: 120_000,
        what: 'the second connection to be closed',
      });
    }
    await client.end();
  });
});

test('a reader that breaks off right behind a commit misses none of the commits that begin there', async () => {
  await using database = await createDatabase();
  const { client, confirmed, free, options } = await withSlot(
    database,
    'create table t (id bigserial primary key)',
  );
  const ROUNDS_MIN = 30;
  const ROUNDS_MAX = 300;
  const ADJACENT_MIN = 6;
  const WRITERS = 16;
  const writers = await Promise.all(
    Array.from({ length: WRITERS }, () => connectDatabase({ url: database.url, applicationName: 'test' })),
  );
  const seen = new Set<string>();
  let adjacent = 0;
  let rounds = 0;
  // Who else writes to this server decides how often two commits stand side by side.
  for (; rounds < ROUNDS_MIN || (adjacent < ADJACENT_MIN && rounds < ROUNDS_MAX); rounds++) {
    // Rows first, then all commits at once: so their records stand side by side in the log.
    await Promise.all(writers.map((writer) => writer.query('begin; insert into t default values')));
    await Promise.all(writers.map((writer) => writer.query('commit')));
    await free();
    if (await readToAdjacentCommit(options, seen, confirmed)) adjacent++;
  }
  await free();
  await Promise.all(writers.map((writer) => writer.end()));
  await using stream = await openReplication(options);
  // A commit that the server skipped never comes: then this ends by the beat that is written behind all of them.
  await client.query("select pg_logical_emit_message(true, 'end', '')");
  for await (const arrived of stream) {
    for (const received of arrived) note(received, seen);
    if (arrived.some((received) => received.kind === 'change' && received.message.tag === 'message')) break;
  }
  await client.end();
  expect(adjacent).toBeGreaterThanOrEqual(ADJACENT_MIN);
  expect(seen.size).toBe(rounds * WRITERS);
});

function note(received: Received, seen: Set<string>): void {
  if (received.kind === 'change' && received.message.tag === 'insert')
    seen.add(String(received.message.after[0]));
}

const COMMITS_MAX = 16;

/** Acknowledges the first commit with another one right behind it, and leaves that one to the next connection; without any, all. */
async function readToAdjacentCommit(
  options: Parameters<typeof openReplication>[0],
  seen: Set<string>,
  confirmed: () => Promise<bigint>,
): Promise<boolean> {
  await using stream = await openReplication(options);
  let end: bigint | undefined;
  let commits = 0;
  for await (const arrived of stream) {
    for (const received of arrived) {
      if (received.kind !== 'change') continue;
      const { message } = received;
      if (message.tag === 'begin' && message.commitLsn === end) {
        const safe = end;
        await stream.acknowledge(safe);
        await until(async () => (await confirmed()) >= safe, {
          deadlineMs: 120_000,
          what: 'the slot to move',
        });
        return true;
      }
      note(received, seen);
      if (message.tag !== 'commit') continue;
      end = message.commitEndLsn;
      if (++commits < COMMITS_MAX) continue;
      await stream.acknowledge(end);
      return false;
    }
  }
  return false;
}
