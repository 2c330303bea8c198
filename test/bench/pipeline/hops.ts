// What the times of single rows say of the pipeline. Nothing here does I/O.
import type { Sample } from '../bench.ts';
import { percentile } from '../reader/latency.ts';

/** When one row was where, on the one clock of the machine. */
export interface RowTimes {
  readonly committedAtMs: number;
  /** The broker took its change. */
  readonly publishedAtMs: number;
  /** The broker took its outcome. */
  readonly enrichedAtMs: number;
  /** The transaction that wrote its result ended. */
  readonly writtenAtMs: number;
  /** Of the time between change and outcome, that of the model itself. */
  readonly modelMs: number;
}

const HOPS = {
  commit_to_published: (row) => row.publishedAtMs - row.committedAtMs,
  published_to_enriched: (row) => row.enrichedAtMs - row.publishedAtMs,
  enriched_to_written: (row) => row.writtenAtMs - row.enrichedAtMs,
} as const satisfies Readonly<Record<string, (row: RowTimes) => number>>;

const toWritten = (row: RowTimes): number => row.writtenAtMs - row.committedAtMs;

/** The whole way, and each hop with its share of it: of the means, which add up, as percentiles do not. */
export function hopSample(rows: readonly RowTimes[]): Sample {
  const wholeMs = mean(rows, toWritten);
  const hops = Object.entries(HOPS).map(([name, of]) => ({
    ...percentiles(name, rows.map(of)),
    [`${name}_share`]: mean(rows, of) / wholeMs,
  }));
  return Object.assign(percentiles('commit_to_written', rows.map(toWritten)), ...hops, {
    model_share: mean(rows, ({ modelMs }) => modelMs) / wholeMs,
  }) as Sample;
}

export function percentiles(name: string, valuesMs: readonly number[]): Sample {
  const sorted = valuesMs.toSorted((one, other) => one - other);
  return {
    [`${name}_p50_ms`]: percentile(sorted, 0.5),
    [`${name}_p90_ms`]: percentile(sorted, 0.9),
    [`${name}_p99_ms`]: percentile(sorted, 0.99),
    [`${name}_most_ms`]: percentile(sorted, 1),
  };
}

function mean<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
}

export type Passage = Pick<RowTimes, 'committedAtMs' | 'writtenAtMs'>;

/** One row in fifty that stays behind is the most that still counts as following: less cannot be told from noise. */
const BEHIND_SHARE_MAX = 0.02;

/**
 * Whether the lag did not grow. What comes faster than it is written waits longer and longer: with a rate above what the
 * pipeline can do by a share, the time of a row grows by that share of the time that passes.
 */
export function keepsUp(rows: readonly Passage[]): boolean {
  const sorted = rows.toSorted((one, other) => one.committedAtMs - other.committedAtMs);
  const half = Math.floor(sorted.length / 2);
  const [second, last] = [sorted.slice(half, Math.floor(half * 1.5)), sorted.slice(Math.floor(half * 1.5))];
  const passedMs =
    median(last, ({ committedAtMs }) => committedAtMs) - median(second, ({ committedAtMs }) => committedAtMs);
  const lag = ({ committedAtMs, writtenAtMs }: Passage): number => writtenAtMs - committedAtMs;
  return median(last, lag) - median(second, lag) <= BEHIND_SHARE_MAX * passedMs;
}

function median<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return percentile(
    rows.map(of).toSorted((one, other) => one - other),
    0.5,
  );
}
