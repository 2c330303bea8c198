import { loadavg } from 'node:os';
import { type MeasuredStandIn, startStandIn } from '../aws-local/stand-in.ts';
import type { Benchmark, Medians, OptionValues, Sample, Variant } from '../bench.ts';
import { type Parts, startParts } from '../reader/parts.ts';
import { drain } from './drain.ts';
import { addedLatency } from './latency.ts';
import type { EnrichmentName } from './worker.ts';

const ROWS: Readonly<Record<EnrichmentName, number>> = {
  fraud: 120_000,
  sentiment: 50_000,
  embedding: 6_000,
};
const ENRICHMENTS = Object.keys(ROWS) as EnrichmentName[];
const PACE = { rowsPerSecond: 500, seconds: 30 };
const MODEL_MS = 20;
const ASKED = { fraud: 12_000, sentiment: 5_000, embedding: 600, p50Ms: 12, p99Ms: 60, memoryMb: 256 };

export const options = {
  only: { type: 'string' },
  seconds: { type: 'string' },
  share: { type: 'string' },
  profile: { type: 'string' },
} as const;

/** --only fraud|sentiment|embedding|latency, --seconds N, --share 0.1 of the rows, --profile <folder> for CPU profiles. */
export function configure(values: OptionValues): Benchmark {
  const only = values.only === undefined ? undefined : String(values.only);
  const seconds = Number(values.seconds ?? PACE.seconds);
  const share = Number(values.share ?? 1);
  const profile = values.profile === undefined ? undefined : String(values.profile);
  if (!(seconds > 0) || !(share > 0)) throw new RangeError('--seconds and --share take a number above 0');
  const parts = shared(startParts);
  const standIn = shared(() => startStandIn(undefined));
  const slowStandIn = shared(() => startStandIn(undefined, ['--latency', `${MODEL_MS}ms`]));
  const drains = ENRICHMENTS.map((name): Variant => {
    const rows = Math.round(ROWS[name] * share);
    return { name, run: async () => drain(name, await parts.get(), await standIn.get(), rows, profile) };
  });
  const latency: Variant = {
    name: 'latency',
    once: true,
    run: async (): Promise<Sample> =>
      addedLatency(await parts.get(), await slowStandIn.get(), { ...PACE, seconds }),
  };
  const variants = [...drains, latency].filter(({ name }) => only === undefined || name === only);
  if (variants.length === 0) throw new RangeError(`--only takes one of ${ENRICHMENTS.join(', ')}, latency`);
  return {
    what: 'How fast does one enricher process bring rows through a model, and how much time does it add?',
    how:
      'Each run takes rows that wait in their topic through one process per enrichment and the stand-in without latency into the enriched ' +
      'topic, from the first outcome to the last; Kafka, PostgreSQL, stand-in and benchmark share the machine. Results paid by the call are ' +
      `kept in PostgreSQL on the way. Latency: ${PACE.rowsPerSecond} rows a second and a model of ${MODEL_MS} ms, from the confirmation of a change ` +
      "by the broker to its outcome at a consumer, less the model's own time.",
    conditions: {
      ...Object.fromEntries(ENRICHMENTS.map((name) => [`${name}_rows`, Math.round(ROWS[name] * share)])),
      partitions: 6,
      latency_rows_per_second: PACE.rowsPerSecond,
      latency_seconds: seconds,
      model_ms: MODEL_MS,
      load_average_at_start: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      ...(profile === undefined ? {} : { profiled: 'yes' }),
    },
    rounds: 3,
    variants,
    observe,
    end: async () => {
      await standIn.end((started: MeasuredStandIn) => started.stop());
      await slowStandIn.end((started: MeasuredStandIn) => started.stop());
      await parts.end((started: Parts) => started.end());
    },
  };
}

export const benchmark: Benchmark = configure({});

/** Started by whoever needs it first. */
function shared<Part>(start: () => Promise<Part>) {
  let started: Promise<Part> | undefined;
  return {
    get(): Promise<Part> {
      started ??= start();
      return started;
    },
    async end(stop: (part: Part) => Promise<void>): Promise<void> {
      if (started !== undefined) await stop(await started);
    },
  };
}

function observe(medians: Medians): string {
  const speeds = ENRICHMENTS.flatMap((name) => {
    const measured = medians[name]?.rows_per_second;
    return measured === undefined ? [] : [`${name} ${Math.round(measured)} (asked: ${ASKED[name]})`];
  });
  const added = medians.latency;
  const latency =
    added === undefined
      ? []
      : [
          `added latency p50 ${added.added_p50_ms?.toFixed(1)} ms (asked: ${ASKED.p50Ms}), p99 ${added.added_p99_ms?.toFixed(1)} ms (asked: ${ASKED.p99Ms})`,
        ];
  const memory = Math.max(...Object.values(medians).map(({ peak_memory_mb }) => peak_memory_mb ?? 0));
  const said = [speeds.length === 0 ? [] : [`rows a second: ${speeds.join(', ')}`], latency].flat();
  return `${said.join('; ')}; at most ${Math.round(memory)} MB resident (asked: ${ASKED.memoryMb}).`;
}
