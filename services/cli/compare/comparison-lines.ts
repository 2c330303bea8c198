// What a comparison says, on a terminal and as JSON. Pure.
import { harmless } from '../../../shared/terminal/harmless.ts';
import { plainTable } from '../sql.ts';
import { formatCount, formatLatency } from '../view/numbers.ts';
import type { Comparison, NumberComparison, ValueComparison } from './read-comparison.ts';
import { QUANTILES } from './statements.ts';

const NANO_USD_PER_USD = 1e9;
const NONE = 'none';

export function comparisonLines(comparison: Comparison): readonly string[] {
  const { enrichment, shadow, statuses, numbers, values, neighbours } = comparison;
  return [
    ...plainTable(
      [enrichment, shadow, 'rows'],
      statuses.map(({ own, other, rows }) => ({
        [enrichment]: own ?? NONE,
        [shadow]: other ?? NONE,
        rows: formatCount(rows),
      })),
    ),
    '',
    ...numbers.flatMap((each) => numberLines(each, enrichment, shadow)),
    ...values.flatMap(valueLines),
    ...(neighbours === undefined
      ? []
      : [
          `nearest ${neighbours.neighbours} of ${formatCount(neighbours.texts)} texts: ${percent(neighbours.overlap)} are the same`,
        ]),
    costLine(comparison),
    latencyLine(comparison),
  ];
}

function numberLines(
  { output, meanDifference, mostDifference, correlation, quantiles }: NumberComparison,
  enrichment: string,
  shadow: string,
): readonly string[] {
  if (quantiles.own.length === 0) return [`${output}: no row has both`];
  const alike = correlation === undefined ? '' : `, correlation ${correlation.toFixed(3)}`;
  const columns = QUANTILES.map((share) => `p${Math.round(share * 100)}`);
  const cells = (of: string, found: readonly number[]) => ({
    of,
    ...Object.fromEntries(columns.map((name, place) => [name, (found[place] ?? 0).toFixed(4)])),
  });
  return [
    `${output}: ${meanDifference.toFixed(4)} apart on average, ${mostDifference.toFixed(4)} at most${alike}`,
    ...plainTable(['of', ...columns], [cells(enrichment, quantiles.own), cells(shadow, quantiles.other)])
      .slice(0, -1)
      .map((line) => `  ${line}`),
  ];
}

/** Where neither has any, there is nothing to tell. */
function valueLines({ output, alike, differences }: ValueComparison): readonly string[] {
  const differing = differences.reduce((sum, { rows }) => sum + rows, 0);
  if (alike + differing === 0) return [];
  return [
    `${output}: ${percent(alike / (alike + differing))} alike, ${formatCount(differing)} of ${formatCount(alike + differing)} differ`,
    ...differences.map(
      ({ own, other, rows }) =>
        `  ${harmless(own ?? NONE)} becomes ${harmless(other ?? NONE)}: ${formatCount(rows)}`,
    ),
  ];
}

function costLine({ enrichment, shadow, cost: { rows, nanoUsd } }: Comparison): string {
  const usd = (nano: number): string => `$${(nano / NANO_USD_PER_USD).toFixed(6)}`;
  return `cost of the ${formatCount(rows)} results that both have: ${enrichment} ${usd(nanoUsd.own)}, ${shadow} ${usd(nanoUsd.other)}`;
}

function latencyLine({ enrichment, shadow, latency: { changes, ms } }: Comparison): string {
  if (changes === 0) return 'latency: no change has been answered by both yet';
  const text = ({ p50, p99 }: { readonly p50: number; readonly p99: number }): string =>
    `p50 ${formatLatency(p50)}, p99 ${formatLatency(p99)}`;
  return `commit to written, ${formatCount(changes)} changes that both answered: ${enrichment} ${text(ms.own)}; ${shadow} ${text(ms.other)}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function comparisonJson(comparison: Comparison): Readonly<Record<string, unknown>> {
  const { enrichment, shadow, statuses, numbers, values, neighbours, cost, latency } = comparison;
  return {
    enrichment,
    shadow,
    statuses,
    numbers: numbers.map(({ output, rows, meanDifference, mostDifference, correlation, quantiles }) => ({
      output,
      rows,
      mean_difference: meanDifference,
      most_difference: mostDifference,
      correlation: correlation ?? null,
      quantiles: { shares: QUANTILES, ...quantiles },
    })),
    values,
    neighbours: neighbours ?? null,
    cost: { rows: cost.rows, nano_usd: cost.nanoUsd },
    latency: { changes: latency.changes, ms: latency.ms },
  };
}
