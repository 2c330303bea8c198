import { plainTable } from '../sql.ts';
import { formatCount } from '../view/numbers.ts';
import type { CostReport, Saved } from './report.ts';

/** "$0.00", "$0.0003", "$25.00": two digits at least, and as many as a small amount needs. */
export function formatUsd(usd: number): string {
  const small = Math.abs(usd) > 0 && Math.abs(usd) < 0.01;
  return `$${small ? usd.toPrecision(2) : usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export const PURSE_NAMES = { live: 'changes', redo: 'redo', shadow: 'shadows' } as const;

export function costLines(report: CostReport): readonly string[] {
  const { today, month, enrichments, saved, forecast, warning } = report;
  const lines = [`Today, ${report.day} (UTC):`];
  for (const { purse, limit_usd: limit, reserved_usd: reserved, ...spent } of today) {
    const of = limit === null ? ', without a limit' : ` of ${formatUsd(limit)}`;
    const held = reserved > 0 ? `, ${formatUsd(reserved)} reserved for calls under way` : '';
    lines.push(
      `  ${PURSE_NAMES[purse]}: ${formatUsd(spent.spent_usd)}${of}${held}${presumed(spent.presumed_usd)}`,
    );
  }
  if (today.length === 0) lines.push('  nothing, and there is no limit: see `budget` in docs/definition.md');
  lines.push(`This month: ${formatUsd(month.spent_usd)}${presumed(month.presumed_usd)}`, '');
  if (enrichments.length > 0) {
    const rows = enrichments.map((each) => ({
      enrichment: each.enrichment,
      table: each.table,
      today: formatUsd(each.today_usd),
      month: formatUsd(each.spent_usd),
      requests: formatCount(each.requests),
      saved: formatUsd(total(each.saved)),
    }));
    lines.push(
      ...plainTable(['enrichment', 'table', 'today', 'month', 'requests', 'saved'], rows).slice(0, -1),
      '',
    );
  }
  lines.push(
    `Saved this month: ${formatUsd(saved.cache_usd)} by the cache, ${formatUsd(saved.unchanged_usd)} by unchanged input, about ${formatUsd(saved.filter_usd)} by \`when\``,
    `Forecast of the month: ${formatUsd(forecast.calls_usd)} for calls (${formatUsd(forecast.per_day_usd)} a day)`,
    ...forecast.by_the_hour.map(({ what, usd }) => `  ${what}, by the hour: ${formatUsd(usd)}`),
    ...forecast.unpriced.map(
      (endpoint) =>
        `  endpoint ${endpoint}, by the hour: price unknown and not in the sum; write it under prices.endpoint_hour_usd`,
    ),
    `  together: ${formatUsd(forecast.total_usd)}`,
    `Prices as of ${report.prices_as_of}.`,
  );
  if (warning !== null) lines.push(`Warning: ${warning}`);
  return lines;
}

const presumed = (usd: number): string =>
  usd > 0 ? ` (${formatUsd(usd)} presumed: processes that died)` : '';

const total = ({ cache_usd, unchanged_usd, filter_usd }: Saved): number =>
  cache_usd + unchanged_usd + filter_usd;
