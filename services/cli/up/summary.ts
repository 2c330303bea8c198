import { formatDuration } from '../duration.ts';
import type { Totals } from '../view/figures.ts';
import { formatCount, formatLatency } from '../view/numbers.ts';
import type { Painter } from '../view/paint.ts';
import type { LatencyView } from '../view/snapshot.ts';

export interface Summary {
  readonly elapsedMs: number;
  readonly totals: Totals;
  /** Undefined: the database could not be asked any more. */
  readonly flagged: number | undefined;
  readonly latency: LatencyView | undefined;
  /** From the command to the first result beside its row. */
  readonly firstScoreMs: number | undefined;
  /** Undefined: nothing is kept here. */
  readonly dataFolder: string | undefined;
}

export function summaryLines(summary: Summary, paint: Painter): readonly string[] {
  const { totals, latency, firstScoreMs, dataFolder } = summary;
  const rows: readonly (readonly [string, string])[] = [
    ['rows in', formatCount(totals.rowsIn)],
    ['scored', formatCount(totals.scored)],
    ['flagged', summary.flagged === undefined ? 'not known' : formatCount(summary.flagged)],
    [
      'commit to written',
      latency === undefined
        ? 'nothing written'
        : `p50 ${formatLatency(latency.p50Ms)}, p99 ${formatLatency(latency.p99Ms)}`,
    ],
    ['first result', firstScoreMs === undefined ? 'none' : `${formatDuration(firstScoreMs)} after the start`],
    ...(dataFolder === undefined
      ? []
      : [['data', `${dataFolder} (the next start goes on with it; --fresh begins anew)`] as const]),
  ];
  return [
    `${paint.strong('Stopped')} after ${formatDuration(summary.elapsedMs)}.`,
    ...rows.map(([name, value]) => `  ${name.padEnd(18)} ${value}`),
  ];
}

export function summaryJson({
  elapsedMs,
  totals,
  flagged,
  latency,
  firstScoreMs,
  dataFolder,
}: Summary): unknown {
  return {
    event: 'summary',
    elapsed_ms: Math.round(elapsedMs),
    rows_in: totals.rowsIn,
    scored: totals.scored,
    written: totals.written,
    flagged: flagged ?? null,
    commit_to_written_ms: latency === undefined ? null : { p50: latency.p50Ms, p99: latency.p99Ms },
    first_result_ms: firstScoreMs === undefined ? null : Math.round(firstScoreMs),
    data: dataFolder ?? null,
  };
}
