// F10: for a while the address leads to a node that is not the writer, and a second reader waits for the same slot.
import { expect, test } from 'vitest';
import { quoteIdentifier } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { createCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { WORKLOAD_TABLES, writeRandomly } from '../support/random-workload.ts';
import { readOnlyFront } from '../support/read-only-front.ts';
import { RepeatCheck } from '../support/replay.ts';
import { eventsOf } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const { readOnlyMs: READ_ONLY_MS } = FAULT_LENGTHS;
const WRITERS = 16;
const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const DEADLINE_MS = 120_000;
const TABLES = ['ledger', 'items', 'pairs'];

const lasts = async (milliseconds: number): Promise<void> => {
  const endMs = performance.now() + milliseconds;
  await until(() => performance.now() >= endMs, {
    deadlineMs: milliseconds * 2,
    what: 'the fault to be over',
  });
};

test(`two readers wait while their slot is on a read-only node: no gap, no loss (seed ${SEED})`, {
  timeout: READ_ONLY_MS * 4 + 300_000,
}, async () => {
  await using capture = await createCapture(WORKLOAD_TABLES, {
    ledger: 'public.ledger',
    items: 'public.items',
    pairs: 'public.pairs',
  });
  const { client, database, definition } = capture;
  await using front = await readOnlyFront(database.url);
  const environment = { ...capture.process.environment, DATABASE_URL: front.url };
  const startReader = () => startChild('services/cli/main.ts', capture.process.arguments, { environment });
  await using first = await startReader();
  await first.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
  await using second = await startReader();
  await second.outputMatching(/Standing by: process \d+/, DEADLINE_MS);

  const stopping = new AbortController();
  const writers = Array.from({ length: WRITERS }, (_, writer) =>
    writeRandomly(database.url, writer, SEED, stopping.signal),
  );
  const slot = async (): Promise<{ active: boolean; confirmed: string } | undefined> =>
    (
      await client.query<{ active: boolean; confirmed: string }>(
        'select active, confirmed_flush_lsn::text as confirmed from pg_replication_slots where slot_name = $1',
        [definition.pipeline],
      )
    ).rows[0];
  const name = quoteIdentifier(database.name);
  try {
    report(`the slot is refused with 55000 for ${READ_ONLY_MS / 2_000} s`);
    front.refuse();
    await lasts(READ_ONLY_MS / 2);
    await until(() => front.refused > 0, { deadlineMs: DEADLINE_MS, what: 'the slot to be refused' });
    const before = await until(
      async () => {
        const found = await slot();
        return found?.active === false && found;
      },
      { deadlineMs: DEADLINE_MS, what: 'the server to see that nobody reads the slot' },
    );
    report(`refused ${front.refused} times; now every new session is read-only for as long`);
    await client.query(`alter database ${name} set default_transaction_read_only = on`);
    front.refuse();
    front.accept();
    const waits = /This node takes no writes/;
    await Promise.all([first, second].map((reader) => reader.outputMatching(waits, DEADLINE_MS)));
    await lasts(READ_ONLY_MS / 2);
    expect(await slot()).toEqual(before);
    await client.query(`alter database ${name} reset default_transaction_read_only`);
    front.refuse();
    front.accept();
    await until(async () => (await slot())?.active === true, {
      deadlineMs: DEADLINE_MS,
      what: 'one of the readers to stream again',
    });
  } finally {
    stopping.abort();
    await Promise.allSettled(writers);
  }
  const commits = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0);
  await capture.caughtUp(READ_ONLY_MS * 2 + DEADLINE_MS);
  const committed = new Set<string>();
  const repeats = new RepeatCheck();
  for (const table of TABLES) {
    for await (const event of eventsOf(capture.topic(table))) {
      if (table === 'ledger') committed.add(event.key);
      repeats.accept(event);
    }
  }
  report(`${commits} commits, none lost; ${repeats.repeated} events repeated, all equal`);
  expect(committed.size).toBe(commits);
  expect(await listGaps(client)).toEqual([]);
  expect([first.end, second.end]).toEqual([undefined, undefined]);
  const stops = [first, second].map((reader) => reader.stop(DEADLINE_MS));
  expect((await Promise.all(stops)).map(({ status }) => status)).toEqual([0, 0]);
});
