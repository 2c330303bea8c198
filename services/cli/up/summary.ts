import { formatDuration } from '../duration.ts';
import type { Totals } from '../view/figures.ts';
import { formatCount, formatLatency } from '../view/numbers.ts';
import type { Painter } from '../view/paint.ts';
import type { ResultCount } from '../view/result-counts.ts';
import type { LatencyView } from '../view/snapshot.ts';

export interface Summary {
  readonly elapsedMs: number;
  readonly totals: Totals;
  /** Of each enrichment; none: the database could not be asked any more. */
  readonly results: readonly ResultCount[];
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
    ...summary.results.map((count) => [`  ${count.enrichment}`, resultText(count)] as const),
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

const LANGUAGES_TOLD = 6;

/** "213 results in 13 languages: en 61, es 30, de 22, fr 19, it 17, ja 15 and 7 more". */
function resultText({ results, languages }: ResultCount): string {
  if (languages === undefined || languages.length === 0) return `${formatCount(results)} results`;
  const told = languages
    .slice(0, LANGUAGES_TOLD)
    .map(([language, count]) => `${language} ${formatCount(count)}`);
  const more = languages.length > told.length ? ` and ${languages.length - told.length} more` : '';
  const named = `${languages.length} ${languages.length === 1 ? 'language' : 'languages'}`;
  return `${formatCount(results)} results in ${named}: ${told.join(', ')}${more}`;
}

export function summaryJson({
  elapsedMs,
  totals,
  results,
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
    results: results.map(({ enrichment, results: count, languages }) => ({
      enrichment,
      results: count,
      languages: languages === undefined ? null : Object.fromEntries(languages),
    })),
    flagged: flagged ?? null,
    commit_to_written_ms: latency === undefined ? null : { p50: latency.p50Ms, p99: latency.p99Ms },
    first_result_ms: firstScoreMs === undefined ? null : Math.round(firstScoreMs),
    data: dataFolder ?? null,
  };
}
