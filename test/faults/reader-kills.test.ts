import { expect, test } from 'vitest';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { createCapture, type TestCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { seededRandom, WORKLOAD_TABLES, writeRandomly } from '../support/random-workload.ts';
import { RepeatCheck, Replay } from '../support/replay.ts';
import { eventsOf } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const { readerKills: KILLS_MAX, readerKillsMs: BUDGET_MS } = FAULT_LENGTHS;
const KILLS_MIN = 3;
const CAUGHT_UP_MAX_MS = 120_000;
const REPORT_EVERY_KILLS = 10;
const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const WRITERS = 16;
const CLI = 'services/cli/main.ts';

test(
  `a reader killed again and again loses no commit and repeats only equals (seed ${SEED})`,
  async () => {
    await using capture = await createCapture(WORKLOAD_TABLES, {
      ledger: 'public.ledger',
      items: 'public.items',
      pairs: '{ table: public.pairs, partitions: 3 }',
    });
    const random = seededRandom(SEED);
    {
      // The slot has to be there before the first commit that counts.
      await using _first = await capture.start();
    }
    const stopping = new AbortController();
    const writers = Array.from({ length: WRITERS }, (_, writer) =>
      writeRandomly(capture.database.url, writer, SEED, stopping.signal),
    );
    const kills = await killAgainAndAgain(capture, random).finally(async () => {
      stopping.abort();
      await Promise.allSettled(writers);
    });
    const commits = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0);
    await using _last = await capture.start();
    const startedAtMs = performance.now();
    report(`${kills} kills, ${commits} commits; catching up with what they held up`);
    await capture.caughtUp(BUDGET_MS + CAUGHT_UP_MAX_MS);
    report(`caught up in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);

    expect(kills).toBeGreaterThanOrEqual(KILLS_MIN);
    const committed = new Set<string>();
    const tables = { ledger: new Replay(), items: new Replay(), pairs: new Replay() };
    const repeats = new RepeatCheck();
    let events = 0;
    for (const [table, replayed] of Object.entries(tables)) {
      for await (const event of eventsOf(capture.topic(table))) {
        if (table === 'ledger') committed.add(event.key);
        else replayed.accept(event);
        repeats.accept(event);
        events++;
      }
    }
    expect(committed.size).toBe(commits);
    report(`none lost; ${repeats.repeated} of ${events} events repeated, all equal`);
    expect(repeats.repeated).toBeGreaterThan(0);
    for (const [table, key] of [
      ['items', ['id']],
      ['pairs', ['a', 'b']],
    ] as const) {
      const rows = Object.fromEntries(tables[table].rows);
      expect(rows).toEqual(await tableByKey(capture.client, table, key));
    }
  },
  BUDGET_MS * 4 + 2 * CAUGHT_UP_MAX_MS,
);

async function killAgainAndAgain(capture: TestCapture, random: () => number): Promise<number> {
  const startedAtMs = performance.now();
  let kills = 0;
  while (kills < KILLS_MIN || (kills < KILLS_MAX && performance.now() - startedAtMs < BUDGET_MS)) {
    await using reader = await startChild(CLI, capture.process.arguments, {
      environment: capture.process.environment,
    });
    await reader.outputMatching(/"msg":"streaming"/, 120_000);
    const killAtMs = performance.now() + random() * 1_500;
    await until(() => performance.now() >= killAtMs, {
      deadlineMs: 120_000,
      what: 'the moment of the kill',
      everyMs: 5,
    });
    reader.kill('SIGKILL');
    await reader.ended;
    kills++;
    if (kills % REPORT_EVERY_KILLS === 0) report(`${kills} of ${KILLS_MAX} kills`);
  }
  return kills;
}

async function tableByKey(
  client: DatabaseClient,
  table: string,
  key: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const { rows } = await client.query<Record<string, unknown>>(`select * from ${table}`);
  return Object.fromEntries(
    rows.map((row) => [JSON.stringify(Object.fromEntries(key.map((name) => [name, row[name]]))), row]),
  );
}
