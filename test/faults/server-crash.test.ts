// F6: the server goes down without a word while sixteen connections write, and recovers.
import { expect, test } from 'vitest';
import { cdcTopic } from '../../shared/contracts/topics.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { ownServer } from '../support/own-server.ts';
import { capture, startReader } from '../support/reader.ts';
import { RepeatCheck } from '../support/replay.ts';
import { eventsOf } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const WRITERS = 16;
const COMMITS_BEFORE = 500;
const DEADLINE_MS = 120_000;

/** Commits one row after the other until the server is gone; resolves with those it was told of. */
async function writeUntilGone(url: string, writer: number, told: (key: string) => void): Promise<void> {
  const client = await connectDatabase({ url, applicationName: 'test (writer)' });
  try {
    for (let number = 1; ; number++) {
      const { rows } = await client.query<{ key: string }>(
        "insert into orders values ($1, $2) returning json_build_object('writer', writer, 'number', number)::text as key",
        [writer, number],
      );
      told((rows[0]?.key ?? '').replaceAll(' ', ''));
    }
  } catch {
    // The server is gone.
  } finally {
    await client.end().catch(() => {});
  }
}

test.each([
  ['a crash', 'SIGKILL'],
  ['an immediate shutdown', 'SIGQUIT'],
] as const)(
  '%s under load: what was committed is in Kafka, nothing else is, and the reader goes on',
  {
    timeout: 400_000,
  },
  async (_what, signal) => {
    await using server = await ownServer(18, { fsync: 'on', full_page_writes: 'on' });
    const captured = await capture(
      server.url,
      'create table orders (writer int, number int, primary key (writer, number))',
      ['orders'],
    );
    await using _captured = captured;
    await using reader = startReader(captured.definition, server.url);
    await reader.streams();
    const told = new Set<string>();
    const writing = Promise.all(
      Array.from({ length: WRITERS }, (_, writer) =>
        writeUntilGone(server.url, writer, (key) => {
          told.add(key);
        }),
      ),
    );
    await until(() => told.size >= COMMITS_BEFORE, { deadlineMs: DEADLINE_MS, what: 'some load' });
    await server.crash(signal);
    await writing;
    await server.start();
    const client = await connectDatabase({ url: server.url, applicationName: 'test' });
    try {
      await client.query('insert into orders values (-1, 1)');
      const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
      const passed = 'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2';
      await until(
        async () => (await client.query(passed, [captured.pipeline, rows[0]?.lsn])).rowCount === 1,
        {
          deadlineMs: DEADLINE_MS,
          what: 'the reader to pass what is committed',
        },
      );
      const { rows: committed } = await client.query<{ key: string }>(
        "select replace(json_build_object('writer', writer, 'number', number)::text, ' ', '') as key from orders",
      );
      const published = new Set<string>();
      const repeats = new RepeatCheck();
      for await (const event of eventsOf(cdcTopic(captured.pipeline, 'public', 'orders'))) {
        published.add(event.key);
        repeats.accept(event);
      }
      expect([...published].toSorted()).toEqual(committed.map(({ key }) => key).toSorted());
      expect([...told].filter((key) => !published.has(key))).toEqual([]);
      expect(await listGaps(client)).toEqual([]);
    } finally {
      await client.end();
    }
  },
);
