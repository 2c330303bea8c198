// F2: killed when Kafka has accepted and the slot has not moved.
import { expect, test } from 'vitest';
import { createCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { RepeatCheck } from '../support/replay.ts';
import { eventsOf, topicSize } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const ROWS = 500;
const KILLS_MIN = 3;
/** Whoever is slow comes after the acknowledgement now and then. */
const KILLS_MAX = 15;

test('a reader killed between acceptance by Kafka and acknowledgement repeats what it sent, the same, and loses nothing', {
  timeout: 400_000,
}, async () => {
  await using capture = await createCapture('create table t (id int primary key, note text)', {
    t: 'public.t',
  });
  const { client, definition } = capture;
  let killedBetween = 0;
  let kills = 0;
  for (; kills < KILLS_MIN || (killedBetween === 0 && kills < KILLS_MAX); kills++) {
    await using reader = await startChild('services/cli/main.ts', capture.process.arguments, {
      environment: capture.process.environment,
    });
    await reader.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
    await capture.caughtUp();
    const before = await topicSize(capture.topic('t'));
    await client.query(
      'insert into t select n, md5(n::text) from generate_series($1::int + 1, $1::int + $2::int) n',
      [kills * ROWS, ROWS],
    );
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    await until(async () => (await topicSize(capture.topic('t'))) - before >= ROWS, {
      deadlineMs: DEADLINE_MS,
      what: 'the rows to be accepted',
      everyMs: 1,
    });
    reader.kill('SIGKILL');
    await reader.ended;
    const free = 'select from pg_replication_slots where slot_name = $1 and not active';
    await until(async () => (await client.query(free, [definition.pipeline])).rowCount === 1, {
      deadlineMs: DEADLINE_MS,
      what: 'the server to have heard what the reader said last',
    });
    const { rowCount } = await client.query(
      'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn < $2',
      [definition.pipeline, rows[0]?.lsn],
    );
    killedBetween += rowCount ?? 0;
  }
  await using _last = await capture.start();
  await capture.caughtUp();
  const keys = new Set<string>();
  const repeats = new RepeatCheck();
  for await (const event of eventsOf(capture.topic('t'))) {
    keys.add(event.key);
    repeats.accept(event);
  }
  expect(keys.size).toBe(kills * ROWS);
  expect(killedBetween).toBeGreaterThan(0);
  expect(repeats.repeated).toBeGreaterThanOrEqual(killedBetween * ROWS);
});
