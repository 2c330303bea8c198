import { loadavg } from 'node:os';
import { type MeasuredStandIn, startStandIn } from '../aws-local/stand-in.ts';
import type { Benchmark, OptionValues, Sample, Variant } from '../bench.ts';
import { onDemand } from '../on-demand.ts';
import { type Parts, startParts } from '../reader/parts.ts';
import { HOT, hotTable, WAYS } from './hot-table.ts';
import { observe, ratios } from './observation.ts';
import { BATCH_ROWS, POLL_MS } from './queue.ts';
import { STEADY, steady } from './steady.ts';
import { tables } from './tables.ts';
import { drain, ROWS_PER_COMMIT, sustained } from './throughput.ts';

const SECONDS = 120;
const SHORT = { share: 1 / 6, leastSeconds: 5, mostSeconds: 20 };
const ROWS = 100_000;
const MODEL_MS = 20;
/** PostgreSQL keeps the time of every commit: so each row's way is known exactly, and nobody has to look while it is measured. */
const SERVER_SETTINGS = { track_commit_timestamp: 'on' };

export const options = {
  only: { type: 'string' },
  seconds: { type: 'string' },
  rows: { type: 'string' },
  profile: { type: 'string' },
} as const;

/** --only steady|drain|sustained|hot, --seconds N of the steady load (the others take a sixth), --rows N to drain, --profile <folder>. */
export function configure(values: OptionValues): Benchmark {
  const only = values.only === undefined ? undefined : String(values.only);
  const profile = values.profile === undefined ? undefined : String(values.profile);
  const seconds = Number(values.seconds ?? SECONDS);
  const rows = Number(values.rows ?? ROWS);
  if (!(seconds >= 5)) throw new RangeError('--seconds takes a number from 5 on');
  if (!Number.isInteger(rows) || rows < 1) throw new RangeError('--rows takes a whole number from 1 on');
  const shortSeconds = Math.min(SHORT.mostSeconds, Math.max(SHORT.leastSeconds, seconds * SHORT.share));
  const parts = onDemand(() => startParts(SERVER_SETTINGS));
  const standIn = onDemand(() => startStandIn(undefined, ['--latency', `${MODEL_MS}ms`]));
  const fastStandIn = onDemand(() => startStandIn(undefined));
  const once = (name: string, run: () => Promise<Sample>): Variant => ({ name, once: true, run });
  const variants = [
    ...WAYS.map((way): Variant => {
      const run = async (): Promise<Sample> =>
        hotTable(way, await parts.get(), await standIn.get(), shortSeconds);
      return { name: `hot_${way}`, run };
    }),
    once('steady', async () => steady(await parts.get(), await standIn.get(), seconds, profile)),
    once('drain', async () => drain(await parts.get(), await fastStandIn.get(), rows, profile)),
    once('sustained', async () => sustained(await parts.get(), await fastStandIn.get(), shortSeconds)),
  ].filter(({ name }) => only === undefined || name.split('_')[0] === only);
  if (variants.length === 0) throw new RangeError('--only takes one of steady, drain, sustained, hot');
  return {
    what: 'How long does a committed row take to its score, how many of them follow, and what does the application notice?',
    how:
      `Everything on one machine: PostgreSQL without fsync, Kafka, the stand-in, pgbench, and each service as npm start runs it. Steady: ` +
      `${STEADY.commitsPerSecond} commits of one row a second at random times, ${STEADY.reviewsOfTen * 10} % of them reviews with two enrichments, models of ` +
      `${MODEL_MS} ms. Commits are timed by the server, hops by the broker. Drain: purchases that wait in the log, from the first that the broker ` +
      `takes to the last result, a model without latency. Sustained: ever higher rates of purchases, ${ROWS_PER_COMMIT} in a commit, until the lag grows. ` +
      `Hot: ${HOT.commitsPerSecond} purchases a second with nothing beside them, with Afterglow, and with a row trigger into a queue that a worker polls ` +
      `every ${POLL_MS} ms with SKIP LOCKED, ${BATCH_ROWS} rows at a time.`,
    conditions: {
      steady_seconds: seconds,
      steady_commits_per_second: STEADY.commitsPerSecond,
      model_ms: MODEL_MS,
      drain_rows: rows,
      attempt_seconds: shortSeconds,
      rows_per_commit_of_attempts: ROWS_PER_COMMIT,
      hot_seconds: shortSeconds,
      hot_commits_per_second: HOT.commitsPerSecond,
      partitions: 6,
      load_average_at_start: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      ...(profile === undefined ? {} : { profiled: 'yes' }),
    },
    rounds: 3,
    variants,
    observe,
    tables,
    ratios,
    end: async () => {
      await standIn.end((started: MeasuredStandIn) => started.stop());
      await fastStandIn.end((started: MeasuredStandIn) => started.stop());
      await parts.end((started: Parts) => started.end());
    },
  };
}

export const benchmark: Benchmark = configure({});
