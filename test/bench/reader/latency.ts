import { randomUUID } from 'node:crypto';
import { connectConsumer, type RecordConsumer } from '../../../shared/kafka/consumer.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { until } from '../../support/wait.ts';
import type { Sample } from '../bench.ts';
import type { Capture } from './capture.ts';
import type { Parts } from './parts.ts';
import { INSERT_ONE, type Workload } from './workload.ts';

/** Written before the measured time at the same rate: a Java program compiles itself meanwhile. */
const WARM_UP_SECONDS = 10;
const READY_DEADLINE_MS = 60_000;
const DRAIN_DEADLINE_MS = 60_000;
const CLOCK_SETTING_MS = 20;
const FIRST_ROW = 1_000_000_000;
const WINDOW = { rowsMax: 10_000, bytesMax: 64_000_000 };
const MICROSECONDS_PER_MILLISECOND = 1_000;

export interface Pace {
  readonly rowsPerSecond: number;
  readonly seconds: number;
}

/** From the commit's time stamp, which the server takes and both programs put into source.ts_us, to a consumer's hands. */
export async function latency(
  capture: Capture,
  parts: Parts,
  workload: Workload,
  pace: Pace,
): Promise<Sample> {
  const { slot, topic } = capture;
  await workload.client.query('truncate payments');
  await workload.rewind(slot, [topic]);
  const program = await capture.start(parts, workload);
  const arrivals = new Arrivals();
  const consumer = await consume(parts, topic);
  const receiving = arrivals.receive(consumer);
  try {
    await insertUntilSeen(workload.client, arrivals);
    const warmUpRows = WARM_UP_SECONDS * pace.rowsPerSecond;
    const rows = warmUpRows + pace.seconds * pace.rowsPerSecond;
    const before = arrivals.latenciesMs.length;
    await write(workload.client, rows, pace.rowsPerSecond);
    const all = (): boolean => arrivals.latenciesMs.length >= before + rows;
    await until(all, { deadlineMs: DRAIN_DEADLINE_MS, what: `the last of ${rows} rows in ${topic}` });
    const measured = arrivals.latenciesMs.slice(before + warmUpRows).toSorted((one, other) => one - other);
    return {
      least_ms: percentile(measured, 0),
      p50_ms: percentile(measured, 0.5),
      p90_ms: percentile(measured, 0.9),
      p99_ms: percentile(measured, 0.99),
      most_ms: percentile(measured, 1),
      peak_memory_mb: program.peakMemoryMb(),
    };
  } finally {
    await consumer[Symbol.asyncDispose]();
    await receiving;
    await program.stop();
  }
}

export function percentile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError('no percentile of nothing');
  return value;
}

class Arrivals {
  readonly latenciesMs: number[] = [];
  readonly #wallClockMs = microsecondClock();

  async receive(consumer: RecordConsumer): Promise<void> {
    for (;;) {
      const records = await consumer.queue.take({ ...WINDOW, waitMaxMs: 0 });
      if (records.length === 0) return;
      const nowMs = this.#wallClockMs();
      for (const { value } of records) {
        if (value !== null) this.latenciesMs.push(nowMs - committedAtMs(value));
      }
      consumer.finish(records);
    }
  }
}

/** Debezium's truncate events, too, carry a source: they are not asked for by default and none is here. */
function committedAtMs(value: Buffer): number {
  const { source } = JSON.parse(value.toString('utf8')) as { source: { ts_us: number } };
  return source.ts_us / MICROSECONDS_PER_MILLISECOND;
}

/**
 * The wall clock with the fine steps of the monotonic one. Date.now() is cut to milliseconds and may be read long before
 * the next line runs: both make the difference smaller, so the greatest of many is the right one.
 */
function microsecondClock(): () => number {
  let offsetMs = Number.NEGATIVE_INFINITY;
  const now = (): number => {
    const wallMs = Date.now();
    offsetMs = Math.max(offsetMs, wallMs - performance.now());
    return performance.now() + offsetMs;
  };
  const beginMs = performance.now();
  while (performance.now() - beginMs < CLOCK_SETTING_MS) now();
  return now;
}

async function consume({ brokers }: Parts, topic: string): Promise<RecordConsumer> {
  return await connectConsumer(
    { brokers: [brokers], clientId: 'bench', logger: createLogger('bench', 'silent') },
    { group: `bench.${randomUUID()}`, topics: [topic], window: WINDOW },
  );
}

/** The program is ready when a row comes through; these numbers are far from those of the paced rows. */
async function insertUntilSeen(client: DatabaseClient, arrivals: Arrivals): Promise<void> {
  let number = 0;
  const insertAndLook = async (): Promise<boolean> => {
    if (arrivals.latenciesMs.length > 0) return true;
    await client.query({ name: 'insert_one', text: INSERT_ONE, values: [FIRST_ROW + number] });
    number += 1;
    return false;
  };
  const what = 'a first row to come through';
  await until(insertAndLook, { deadlineMs: READY_DEADLINE_MS, everyMs: 200, what });
  // Whatever was written while it started has to be through before the counting begins.
  const all = (): boolean => arrivals.latenciesMs.length === number;
  await until(all, { deadlineMs: READY_DEADLINE_MS, what: 'the first rows in the topic' });
}

/** One transaction per row, each at its time; after a pause of the machine the late ones follow at once. */
async function write(client: DatabaseClient, rows: number, rowsPerSecond: number): Promise<void> {
  const never = new AbortController().signal;
  const startedAtMs = performance.now();
  for (let number = 1; number <= rows; number += 1) {
    const dueInMs = startedAtMs + ((number - 1) * 1_000) / rowsPerSecond - performance.now();
    if (dueInMs >= 1) await pause(dueInMs, never);
    await client.query({ name: 'insert_one', text: INSERT_ONE, values: [number] });
  }
}
