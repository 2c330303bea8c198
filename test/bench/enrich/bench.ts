import { loadavg } from 'node:os';
import { parseDurationMs } from '../../../services/cli/duration.ts';
import { type MeasuredStandIn, startStandIn } from '../aws-local/stand-in.ts';
import type { Benchmark, Medians, OptionValues, Sample, Variant } from '../bench.ts';
import { onDemand } from '../on-demand.ts';
import { type Parts, startParts } from '../reader/parts.ts';
import { UPDATED_EVERY } from './change-events.ts';
import { drain } from './drain.ts';
import { FLAT_ROWS_PER_SECOND, flatMemory } from './flat.ts';
import { addedLatency } from './latency.ts';
import { ACCOUNT, naiveUnderQuota, oursUnderQuota } from './quota.ts';
import type { EnrichmentName } from './worker.ts';

const ROWS: Readonly<Record<EnrichmentName, number>> = {
  fraud: 120_000,
  sentiment: 50_000,
  embedding: 6_000,
};
const ENRICHMENTS = Object.keys(ROWS) as EnrichmentName[];
const PACE = { rowsPerSecond: 500, seconds: 30 };
const MODEL_MS = 20;
const FLAT = '60s';
const QUOTA_SECONDS = 15;
const ASKED = { fraud: 12_000, sentiment: 5_000, embedding: 600, p50Ms: 12, p99Ms: 60, memoryMb: 256 };

export const options = {
  only: { type: 'string' },
  seconds: { type: 'string' },
  flat: { type: 'string' },
  share: { type: 'string' },
  profile: { type: 'string' },
} as const;

/** --only fraud|sentiment|embedding|latency|flat|quota, --seconds N of latency, --flat 10m, --share 0.1 of the rows, --profile <folder>. */
export function configure(values: OptionValues): Benchmark {
  const only = values.only === undefined ? undefined : String(values.only);
  const seconds = Number(values.seconds ?? PACE.seconds);
  const share = Number(values.share ?? 1);
  const profile = values.profile === undefined ? undefined : String(values.profile);
  if (!(seconds > 0) || !(share > 0)) throw new RangeError('--seconds and --share take a number above 0');
  const flatMs = parseDurationMs(String(values.flat ?? FLAT)) ?? 0;
  if (flatMs < 10_000) throw new RangeError('--flat takes a duration from 10s on');
  const flatSeconds = flatMs / 1_000;
  const parts = onDemand(startParts);
  const standIn = onDemand(() => startStandIn(undefined));
  const slowStandIn = onDemand(() => startStandIn(undefined, ['--latency', `${MODEL_MS}ms`]));
  const account = onDemand(() => startStandIn(undefined, ACCOUNT));
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
  const flat: Variant = {
    name: 'flat',
    once: true,
    run: async () =>
      flatMemory(ENRICHMENTS, await parts.get(), await standIn.get(), { seconds: flatSeconds, share }),
  };
  const quota = [
    {
      name: 'quota_ours',
      once: true,
      run: async () => oursUnderQuota(await parts.get(), await account.get(), QUOTA_SECONDS),
    },
    ...(['sequential', 'parallel'] as const).map((way) => ({
      name: `quota_${way}`,
      once: true as const,
      run: async () => naiveUnderQuota(way, await account.get(), QUOTA_SECONDS),
    })),
  ] satisfies readonly Variant[];
  const variants = [...drains, latency, flat, ...quota].filter(
    ({ name }) => only === undefined || name.split('_')[0] === only,
  );
  if (variants.length === 0) {
    throw new RangeError(`--only takes one of ${ENRICHMENTS.join(', ')}, latency, flat, quota`);
  }
  return {
    what: 'How fast does one enricher process bring rows through a model, and how much time does it add?',
    how:
      'Each run takes rows that wait in their topic through one process per enrichment and the stand-in without latency into the enriched ' +
      'topic, from the first outcome to the last; Kafka, PostgreSQL, stand-in and benchmark share the machine. Results paid by the call are ' +
      `kept in PostgreSQL on the way. Latency: ${PACE.rowsPerSecond} rows a second and a model of ${MODEL_MS} ms, from the confirmation of a change ` +
      "by the broker to its outcome at a consumer, less the model's own time. Flat: all three at once under a steady load, what each holds. " +
      `Quota: ${QUOTA_SECONDS} s of reviews, one change in ${UPDATED_EVERY} an update that leaves the text alone, under the quotas that an ` +
      'account begins with and calls of about 50 ms: ours (Kafka and the cache included), and one call per change through the client as it ' +
      'comes, one after the other or all polled at once, without Kafka and without writing anything.',
    conditions: {
      ...Object.fromEntries(ENRICHMENTS.map((name) => [`${name}_rows`, Math.round(ROWS[name] * share)])),
      partitions: 6,
      latency_rows_per_second: PACE.rowsPerSecond,
      latency_seconds: seconds,
      model_ms: MODEL_MS,
      flat_seconds: flatSeconds,
      flat_rows_per_second: Object.values(FLAT_ROWS_PER_SECOND)
        .map((rowsPerSecond) => rowsPerSecond * share)
        .join(', '),
      quota_seconds: QUOTA_SECONDS,
      quota: ACCOUNT.join(' '),
      load_average_at_start: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      ...(profile === undefined ? {} : { profiled: 'yes' }),
    },
    rounds: 3,
    variants,
    observe,
    ratios,
    end: async () => {
      await account.end((started: MeasuredStandIn) => started.stop());
      await standIn.end((started: MeasuredStandIn) => started.stop());
      await slowStandIn.end((started: MeasuredStandIn) => started.stop());
      await parts.end((started: Parts) => started.end());
    },
  };
}

export const benchmark: Benchmark = configure({});

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
  const { quota_ours: ours, quota_sequential: sequential, quota_parallel: parallel } = medians;
  const quota =
    ours === undefined || sequential === undefined || parallel === undefined
      ? []
      : [
          `under an account's quotas ${shown(ours)}; one call per change: in turn ${shown(sequential)}, at once ${shown(parallel)}`,
        ];
  const said = [
    speeds.length === 0 ? [] : [`rows a second: ${speeds.join(', ')}`],
    latency,
    growthOf(medians.flat),
    quota,
    memory === 0 ? [] : [`at most ${Math.round(memory)} MB resident (asked: ${ASKED.memoryMb})`],
  ].flat();
  return `${said.join('; ')}.`;
}

function growthOf(flat: Sample | undefined): readonly string[] {
  if (flat === undefined) return [];
  const each = ENRICHMENTS.map((name) => {
    const growth = flat[`${name}_growth_mb_per_minute`] ?? Number.NaN;
    return `${name} ${Math.round(flat[`${name}_resident_mb`] ?? 0)} MB (${growth.toFixed(1)} MB a minute)`;
  });
  return [`resident under a steady load: ${each.join(', ')}`];
}

function shown({ changes_per_second, throttled_per_1000, lost_per_1000, usd_per_1000 }: Sample): string {
  const counts = [throttled_per_1000, lost_per_1000].map((count) => Math.round(count ?? 0));
  return `${Math.round(changes_per_second ?? 0)} changes a second (per 1,000 of them ${counts[0]} throttled calls, ${counts[1]} lost, $${usd_per_1000?.toFixed(3)})`;
}

/** Ours in terms of one call per change. */
function ratios({
  quota_ours: ours,
  quota_sequential: sequential,
  quota_parallel: parallel,
}: Medians): Sample {
  const ratio = (metric: string, other: Sample): number => (ours?.[metric] ?? 0) / (other[metric] ?? 0);
  if (ours === undefined || sequential === undefined || parallel === undefined) return {};
  return {
    changes_of_sequential: ratio('changes_per_second', sequential),
    changes_of_parallel: ratio('changes_per_second', parallel),
    usd_of_sequential: ratio('usd_per_1000', sequential),
    usd_of_parallel: ratio('usd_per_1000', parallel),
  };
}
