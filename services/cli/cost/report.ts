import type { Definition } from '../../../shared/config/definition.ts';
import type { LedgerEntry, LedgerNow } from '../../../shared/side-tables/ledger-entries.ts';
import { limitsOf } from '../../../shared/spend/budget.ts';
import { PURSES, type Purse } from '../../../shared/spend/lease.ts';
import { AURORA_FLOOR, HOURS_PER_MONTH, monthlyItems } from '../../../shared/spend/monthly.ts';
import { usdOf } from '../../../shared/spend/nano-usd.ts';
import { oldPricesText } from '../../../shared/spend/prices.ts';

export interface Spent {
  readonly spent_usd: number;
  /** Of spent_usd: reserved by processes that never said what became of it. */
  readonly presumed_usd: number;
}

export interface Saved {
  readonly cache_usd: number;
  readonly unchanged_usd: number;
  /** Of rows that `when` left out: what a row costs on average. */
  readonly filter_usd: number;
}

/** Also the JSON form. */
export interface CostReport {
  readonly day: string;
  readonly prices_as_of: string;
  readonly warning: string | null;
  readonly today: readonly (Spent & {
    readonly purse: Purse;
    readonly reserved_usd: number;
    /** null: there is none. */
    readonly limit_usd: number | null;
  })[];
  readonly month: Spent;
  readonly enrichments: readonly (Spent & {
    readonly enrichment: string;
    readonly table: string;
    readonly today_usd: number;
    readonly requests: number;
    readonly saved: Saved;
  })[];
  readonly saved: Saved;
  /** Of this month, to its end. */
  readonly forecast: {
    readonly calls_usd: number;
    /** Of a day, as it was lately. */
    readonly per_day_usd: number;
    /** Paid by the hour, whoever calls. */
    readonly by_the_hour: readonly { readonly what: string; readonly usd: number }[];
    /** Endpoints whose price by the hour nobody has written down: they are missing in the total. */
    readonly unpriced: readonly string[];
    readonly total_usd: number;
  };
}

const DAY_MS = 86_400_000;
/** Enough days before today for any month, and for the days that the forecast looks at. */
export const DAYS_READ = 38;
const FORECAST_DAYS = 7;
/** So early in the first day its spend says nothing of the rest. */
const FIRST_DAY_MIN_MS = 3_600_000;

/** Pure: today, this month, what it will come to, and what was not spent. */
export function costReport({ atMs, entries }: LedgerNow, definition: Definition): CostReport {
  const day = dayOf(atMs);
  const month = entries.filter((entry) => entry.day.slice(0, 7) === day.slice(0, 7));
  const today = entries.filter((entry) => entry.day === day);
  const perDay = nanoUsdPerDay(entries, atMs);
  const calls = chargedNanoUsd(month) + perDay * daysLeft(atMs);
  const hours = endpointHours(definition);
  const byTheHour = monthlyItems({ endpointHours: hours, aurora: AURORA_FLOOR }, definition.prices);
  const saved = savedOf(month);
  return {
    day,
    prices_as_of: definition.prices.as_of,
    warning: oldPricesText(definition.prices, atMs) ?? null,
    today: PURSES.flatMap((purse) => {
      const limits = limitsOf(definition.budget, purse);
      const used = today.filter((entry) => entry.purse === purse);
      if (limits === undefined && used.length === 0) return [];
      return [
        {
          purse,
          ...spentOf(used),
          reserved_usd: usdOf(sum(used, ({ leasedNanoUsd }) => leasedNanoUsd)),
          limit_usd: limits === undefined ? null : usdOf(limits.limitNanoUsd),
        },
      ];
    }),
    month: spentOf(month),
    enrichments: [...Map.groupBy(month, ({ enrichment, table }) => JSON.stringify([enrichment, table]))].map(
      ([, each]) => ({
        enrichment: each[0]?.enrichment ?? '',
        table: each[0]?.table ?? '',
        ...spentOf(each),
        today_usd: usdOf(chargedNanoUsd(each.filter((entry) => entry.day === day))),
        requests: sum(each, ({ requests }) => requests),
        saved: savedOf(each),
      }),
    ),
    saved,
    forecast: {
      calls_usd: usdOf(Math.round(calls)),
      per_day_usd: usdOf(Math.round(perDay)),
      by_the_hour: byTheHour.map(({ what, nanoUsd }) => ({ what, usd: usdOf(nanoUsd) })),
      unpriced: Object.keys(hours).filter((each) => definition.prices.endpoint_hour_usd[each] === undefined),
      total_usd: usdOf(Math.round(calls) + sum(byTheHour, ({ nanoUsd }) => nanoUsd)),
    },
  };
}

const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

function sum<Each>(each: readonly Each[], of: (one: Each) => number): number {
  return each.reduce((total, one) => total + of(one), 0);
}

const chargedNanoUsd = (entries: readonly LedgerEntry[]): number =>
  sum(entries, ({ spentNanoUsd, presumedNanoUsd }) => spentNanoUsd + presumedNanoUsd);

function spentOf(entries: readonly LedgerEntry[]): Spent {
  return {
    spent_usd: usdOf(chargedNanoUsd(entries)),
    presumed_usd: usdOf(sum(entries, ({ presumedNanoUsd }) => presumedNanoUsd)),
  };
}

function savedOf(entries: readonly LedgerEntry[]): Saved {
  const byEnrichment = [...Map.groupBy(entries, ({ enrichment }) => enrichment).values()];
  return {
    cache_usd: usdOf(sum(entries, ({ cachedNanoUsd }) => cachedNanoUsd)),
    unchanged_usd: usdOf(sum(entries, ({ unchangedNanoUsd }) => unchangedNanoUsd)),
    filter_usd: usdOf(Math.round(sum(byEnrichment, filteredNanoUsd))),
  };
}

/** A row that was left out would have cost what a row of this enrichment does, be it paid or found. */
function filteredNanoUsd(entries: readonly LedgerEntry[]): number {
  const asked = sum(entries, (each) => each.requests + each.cachedRequests + each.unchangedRows);
  const worth = sum(entries, (each) => each.spentNanoUsd + each.cachedNanoUsd + each.unchangedNanoUsd);
  return asked === 0 ? 0 : (worth / asked) * sum(entries, ({ filteredRows }) => filteredRows);
}

/** Of whole days lately; of today where there are none. */
function nanoUsdPerDay(entries: readonly LedgerEntry[], atMs: number): number {
  const midnightMs = Date.parse(dayOf(atMs));
  const begin = dayOf(midnightMs - FORECAST_DAYS * DAY_MS);
  const lately = entries.filter((entry) => entry.day >= begin && entry.day < dayOf(atMs));
  const [first] = lately.map((entry) => entry.day).toSorted();
  if (first !== undefined) return chargedNanoUsd(lately) / ((midnightMs - Date.parse(first)) / DAY_MS);
  const today = chargedNanoUsd(entries.filter((entry) => entry.day === dayOf(atMs)));
  return (today * DAY_MS) / Math.max(FIRST_DAY_MIN_MS, atMs - midnightMs);
}

/** From now to the end of the month. */
function daysLeft(atMs: number): number {
  const now = new Date(atMs);
  return (Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) - atMs) / DAY_MS;
}

function endpointHours({ enrichments }: Definition): Readonly<Record<string, number>> {
  const endpoints = Object.values(enrichments).flatMap(({ model }) =>
    'endpoint' in model ? [model.endpoint] : [],
  );
  return Object.fromEntries(endpoints.map((endpoint) => [endpoint, HOURS_PER_MONTH]));
}
