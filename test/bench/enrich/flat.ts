import { connectProducer } from '../../../shared/kafka/producer.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { until } from '../../support/wait.ts';
import type { MeasuredStandIn } from '../aws-local/stand-in.ts';
import type { Sample } from '../bench.ts';
import { percentile } from '../reader/latency.ts';
import type { Parts } from '../reader/parts.ts';
import { changeRecords } from './change-events.ts';
import { sendAtPace } from './pace.ts';
import { createBench, type EnrichmentName } from './worker.ts';

/** What one machine of two cores does beside Kafka, PostgreSQL and the stand-in, all three at once. */
export const FLAT_ROWS_PER_SECOND: Readonly<Record<EnrichmentName, number>> = {
  fraud: 2_000,
  sentiment: 400,
  embedding: 150,
};
const LOOK_INTERVAL_MS = 500;
/** Until everything is compiled, every buffer has its size, and the memory of answers is full. */
const SETTLED_SHARE = 0.5;
const READY_DEADLINE_MS = 300_000;
const SECONDS_PER_MINUTE = 60;

export interface SteadyLoad {
  readonly seconds: number;
  /** Of the rows a second. */
  readonly share: number;
}

/** All enrichers at once under a steady load: what each of them holds, and how that changes with time. */
export async function flatMemory(
  enrichments: readonly EnrichmentName[],
  parts: Parts,
  standIn: MeasuredStandIn,
  load: SteadyLoad,
): Promise<Sample> {
  const samples = await Promise.all(
    enrichments.map((enrichment) => flatMemoryOf(enrichment, parts, standIn, load)),
  );
  const peaks = samples.map((sample, place) => sample[`${enrichments[place]}_peak_mb`] ?? 0);
  return Object.assign({ peak_memory_mb: Math.max(...peaks) }, ...samples) as Sample;
}

async function flatMemoryOf(
  enrichment: EnrichmentName,
  parts: Parts,
  standIn: MeasuredStandIn,
  { seconds, share }: SteadyLoad,
): Promise<Sample> {
  const bench = await createBench(parts, enrichment);
  const logger = createLogger('bench', 'silent');
  await using producer = await connectProducer({ brokers: [parts.brokers], clientId: 'bench', logger });
  const worker = await bench.start(`http://127.0.0.1:${standIn.port}`);
  const outcomesReach = async (rows: number): Promise<void> => {
    const isThere = async (): Promise<boolean> => {
      if (worker.end !== undefined) throw new Error(`the enricher ${worker.end}: ${worker.gist()}`);
      return (await parts.countRecords(bench.enrichedTopic)) >= rows;
    };
    await until(isThere, { deadlineMs: READY_DEADLINE_MS, what: `${rows} outcomes of ${enrichment}` });
  };
  const send = (from: number, to: number): Promise<void> =>
    producer.send(changeRecords(bench.changes, from, to));
  try {
    await send(0, 1);
    await outcomesReach(1);
    const looks: Look[] = [];
    const startedAtMs = performance.now();
    const look = setInterval(() => {
      looks.push({ atSeconds: (performance.now() - startedAtMs) / 1_000, memoryMb: worker.memoryMb() });
    }, LOOK_INTERVAL_MS);
    try {
      const pace = { rowsPerSecond: share * FLAT_ROWS_PER_SECOND[enrichment], seconds };
      await outcomesReach(await sendAtPace(pace, 1, send));
    } finally {
      clearInterval(look);
    }
    const settled = looks.filter(({ atSeconds }) => atSeconds >= SETTLED_SHARE * seconds);
    const resident = settled.map(({ memoryMb }) => memoryMb).toSorted((one, other) => one - other);
    return {
      [`${enrichment}_resident_mb`]: percentile(resident, 0.5),
      [`${enrichment}_peak_mb`]: worker.peakMemoryMb(),
      [`${enrichment}_growth_mb_per_minute`]: slopePerSecond(settled) * SECONDS_PER_MINUTE,
    };
  } finally {
    await worker.stop();
  }
}

interface Look {
  readonly atSeconds: number;
  readonly memoryMb: number;
}

/** Of the straight line that lies nearest to all looks. */
function slopePerSecond(looks: readonly Look[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const seconds = mean(looks.map(({ atSeconds }) => atSeconds));
  const memory = mean(looks.map(({ memoryMb }) => memoryMb));
  const together = looks.reduce(
    (sum, { atSeconds, memoryMb }) => sum + (atSeconds - seconds) * (memoryMb - memory),
    0,
  );
  const spread = looks.reduce((sum, { atSeconds }) => sum + (atSeconds - seconds) ** 2, 0);
  return together / spread;
}
