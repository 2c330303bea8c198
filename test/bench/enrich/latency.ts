import { randomUUID } from 'node:crypto';
import { connectConsumer, type RecordConsumer } from '../../../shared/kafka/consumer.ts';
import { connectProducer } from '../../../shared/kafka/producer.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { until } from '../../support/wait.ts';
import type { MeasuredStandIn } from '../aws-local/stand-in.ts';
import type { Sample } from '../bench.ts';
import { percentile } from '../reader/latency.ts';
import type { Parts } from '../reader/parts.ts';
import { changeRecords } from './change-events.ts';
import { type Pace, sendAtPace } from './pace.ts';
import { createBench } from './worker.ts';

const WARM_UP_SECONDS = 5;
const READY_DEADLINE_MS = 60_000;
const WINDOW = { rowsMax: 10_000, bytesMax: 64_000_000 };

/**
 * From the moment the broker has confirmed a change to the moment a consumer has its outcome, less the time that the model
 * itself took (`model_ms` of the outcome).
 */
export async function addedLatency(
  parts: Parts,
  standIn: MeasuredStandIn,
  { rowsPerSecond, seconds }: Pace,
): Promise<Sample> {
  const bench = await createBench(parts, 'fraud');
  const logger = createLogger('bench', 'silent');
  const kafka = { brokers: [parts.brokers], clientId: 'bench', logger };
  await using producer = await connectProducer(kafka);
  const worker = await bench.start(`http://127.0.0.1:${standIn.port}`);
  const group = `bench.${randomUUID()}`;
  const consumer = await connectConsumer(kafka, { group, topics: [bench.enrichedTopic], window: WINDOW });
  const arrivedAtMs = new Map<string, number>();
  const addedMs: number[] = [];
  const receiving = receive(consumer, arrivedAtMs, addedMs);
  const send = async (from: number, to: number): Promise<void> => {
    const records = changeRecords(bench.changes, from, to);
    await producer.send(records);
    const nowMs = performance.now();
    for (const { key } of records) arrivedAtMs.set(key ?? '', nowMs);
  };
  try {
    await send(0, 1);
    await until(() => addedMs.length === 1, { deadlineMs: READY_DEADLINE_MS, what: 'a first outcome' });
    const rows = await sendAtPace({ rowsPerSecond, seconds: WARM_UP_SECONDS + seconds }, 1, send);
    await until(() => addedMs.length >= rows, { deadlineMs: READY_DEADLINE_MS, what: 'the last outcome' });
    const measured = addedMs.slice(WARM_UP_SECONDS * rowsPerSecond).toSorted((one, other) => one - other);
    return {
      added_p50_ms: percentile(measured, 0.5),
      added_p90_ms: percentile(measured, 0.9),
      added_p99_ms: percentile(measured, 0.99),
      added_most_ms: percentile(measured, 1),
      peak_memory_mb: worker.peakMemoryMb(),
    };
  } finally {
    await consumer[Symbol.asyncDispose]();
    await receiving;
    await worker.stop();
  }
}

async function receive(
  consumer: RecordConsumer,
  arrivedAtMs: ReadonlyMap<string, number>,
  addedMs: number[],
): Promise<void> {
  for (;;) {
    const records = await consumer.queue.take({ ...WINDOW, waitMaxMs: 0 });
    if (records.length === 0) return;
    const nowMs = performance.now();
    for (const { key, value } of records) {
      const event = JSON.parse(String(value)) as { readonly model_ms: number };
      // The outcome may be here before the answer to our own send is.
      const sinceMs = arrivedAtMs.get(String(key)) ?? nowMs - event.model_ms;
      addedMs.push(nowMs - sinceMs - event.model_ms);
    }
    consumer.finish(records);
  }
}
