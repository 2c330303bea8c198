import { connectProducer } from '../../../shared/kafka/producer.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { until } from '../../support/wait.ts';
import type { MeasuredStandIn } from '../aws-local/stand-in.ts';
import type { Sample } from '../bench.ts';
import type { MeasuredProcess } from '../reader/measured-process.ts';
import type { Parts } from '../reader/parts.ts';
import { changeRecords } from './change-events.ts';
import { type Bench, createBench, type EnrichmentName } from './worker.ts';

const LOOK_INTERVAL_MS = 25;
const DEADLINE_MS = 300_000;
const FILLED_AT_ONCE = 2_000;
const MICROSECONDS_PER_SECOND = 1e6;

/** Rows that wait in the topic already, from the first outcomes to the last one: starting up is not counted. */
export async function drain(
  enrichment: EnrichmentName,
  parts: Parts,
  standIn: MeasuredStandIn,
  rows: number,
  profileFolder?: string,
): Promise<Sample> {
  const bench = await createBench(parts, enrichment);
  await fill(parts, bench, rows);
  const worker = await bench.start(`http://127.0.0.1:${standIn.port}`, profileFolder);
  try {
    const first = await outcomesReach(1, bench, parts, worker);
    const last = await outcomesReach(rows, bench, parts, worker);
    const counted = rows - first.outcomes;
    const seconds = last.atSeconds - first.atSeconds;
    const cpuSeconds = last.cpuSeconds - first.cpuSeconds;
    return {
      rows_per_second: counted / seconds,
      cpu_per_row_us: (cpuSeconds * MICROSECONDS_PER_SECOND) / counted,
      peak_memory_mb: worker.peakMemoryMb(),
    };
  } finally {
    await worker.stop();
  }
}

async function fill(parts: Parts, { changes }: Bench, rows: number): Promise<void> {
  const logger = createLogger('bench', 'silent');
  await using producer = await connectProducer({ brokers: [parts.brokers], clientId: 'bench', logger });
  for (let from = 0; from < rows; from += FILLED_AT_ONCE) {
    await producer.send(changeRecords(changes, from, Math.min(rows, from + FILLED_AT_ONCE)));
  }
}

interface Reading {
  readonly outcomes: number;
  readonly atSeconds: number;
  readonly cpuSeconds: number;
}

async function outcomesReach(
  wanted: number,
  { enrichedTopic }: Bench,
  parts: Parts,
  worker: MeasuredProcess,
): Promise<Reading> {
  const reading = async (): Promise<Reading | undefined> => {
    if (worker.end !== undefined) throw new Error(`the enricher ${worker.end}: ${worker.gist()}`);
    const outcomes = await parts.countRecords(enrichedTopic);
    if (outcomes < wanted) return undefined;
    return { outcomes, atSeconds: performance.now() / 1_000, cpuSeconds: worker.cpuSeconds() };
  };
  const what = `${wanted} outcomes in ${enrichedTopic}`;
  return await until(reading, { deadlineMs: DEADLINE_MS, everyMs: LOOK_INTERVAL_MS, what });
}
