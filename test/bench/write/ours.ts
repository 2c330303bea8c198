import { connectProducer } from '../../../shared/kafka/producer.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { until } from '../../support/wait.ts';
import type { Sample } from '../bench.ts';
import type { Parts } from '../reader/parts.ts';
import { outcomes, records, type Shape } from './outcomes.ts';
import { createWriteBench, type WriteBench } from './pipeline.ts';

const LOOK_INTERVAL_MS = 25;
const DEADLINE_MS = 300_000;
const FILLED_AT_ONCE = 1_000;

export interface Drained {
  readonly shape: Shape;
  readonly rows: number;
  /** Run after set-up, before anything is written. */
  readonly sql?: string;
  readonly profileFolder?: string | undefined;
}

/**
 * Outcomes that wait on the topic, written a first time, delivered once more, and once more to tables that forgot up to where they
 * are written, so that every key is compared; starting up is not counted.
 */
export async function drain(parts: Parts, { shape, rows, sql, profileFolder }: Drained): Promise<Sample> {
  const bench = await createWriteBench(parts, sql);
  await fill(parts, bench, shape, rows);
  const first = await once(bench, shape, rows, profileFolder);
  await bench.rewind(shape);
  const again = await once(bench, shape, rows);
  await bench.forgetWritten();
  await bench.rewind(shape);
  const compared = await once(bench, shape, rows);
  return {
    rows_per_second: rows / first.seconds,
    cpu_per_row_us: (first.cpuSeconds * 1e6) / rows,
    again_rows_per_second: rows / again.seconds,
    again_cheaper_times: first.transactionSeconds / again.transactionSeconds,
    compared_rows_per_second: rows / compared.seconds,
    compared_cheaper_times: first.transactionSeconds / compared.transactionSeconds,
    rest_seconds: first.restSeconds,
    peak_memory_mb: first.peakMemoryMb,
  };
}

async function fill(parts: Parts, bench: WriteBench, shape: Shape, rows: number): Promise<void> {
  const logger = createLogger('bench', 'silent');
  await using producer = await connectProducer({ brokers: [parts.brokers], clientId: 'bench', logger });
  for (let from = 0; from < rows; from += FILLED_AT_ONCE) {
    const events = outcomes(shape, from, Math.min(rows, from + FILLED_AT_ONCE));
    await producer.send(records(bench.topic(shape), events));
  }
}

async function once(bench: WriteBench, shape: Shape, rows: number, profileFolder?: string) {
  const writer = await bench.start(profileFolder);
  try {
    const startedAtMs = performance.now();
    const cpuBefore = writer.cpuSeconds();
    const isDone = async (): Promise<boolean> => {
      if (writer.end !== undefined) throw new Error(`the writer ${writer.end}: ${writer.gist()}`);
      return (await bench.committed(shape)) >= rows;
    };
    await until(isDone, {
      deadlineMs: DEADLINE_MS,
      everyMs: LOOK_INTERVAL_MS,
      what: `${rows} outcomes written`,
    });
    return {
      seconds: (performance.now() - startedAtMs) / 1_000,
      ...(await writer.spent()),
      cpuSeconds: writer.cpuSeconds() - cpuBefore,
      peakMemoryMb: writer.peakMemoryMb(),
    };
  } finally {
    await writer.stop();
  }
}
