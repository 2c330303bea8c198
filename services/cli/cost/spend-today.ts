// What each enrichment has spent today, of what it may: as `status` shows it.
import type { Budget, Definition } from '../../../shared/config/definition.ts';
import type { LedgerEntry, LedgerNow } from '../../../shared/side-tables/ledger-entries.ts';
import { limitsOf, purseOf } from '../../../shared/spend/budget.ts';
import { PURSES, type Purse, restNanoUsd } from '../../../shared/spend/lease.ts';
import { usdOf } from '../../../shared/spend/nano-usd.ts';
import { formatUsd, PURSE_NAMES } from './lines.ts';

/** Also the JSON form. */
export interface SpendToday {
  readonly enrichment: string;
  readonly purse: Purse;
  /** Also what processes had reserved that never said what became of it. */
  readonly spent_usd: number;
  /** null: there is none. */
  readonly limit_usd: number | null;
  /** Of the limit, what this enrichment has spent. */
  readonly share: number | null;
  /** Of the limit, what all have spent that are paid from this purse. */
  readonly purse_share: number | null;
  /** Less is left for it than a request of today took on average. */
  readonly over_budget: boolean;
}

/** Pure. Enrichments that are paid by the hour are left out, unless they were not today. */
export function spendToday(
  { atMs, entries }: LedgerNow,
  { enrichments }: Pick<Definition, 'enrichments'>,
  budget: Budget | undefined,
): readonly SpendToday[] {
  const day = new Date(atMs).toISOString().slice(0, 10);
  // An entry may be of savings alone.
  const today = entries.filter((entry) => entry.day === day && chargedNanoUsd([entry]) > 0);
  return Object.entries(enrichments).flatMap(([enrichment, { model }]) => {
    const isPaidPerCall = !('endpoint' in model);
    const limited = isPaidPerCall && budget !== undefined ? pursesOf(budget, enrichment) : [];
    return PURSES.filter(
      (purse) =>
        limited.includes(purse) ||
        today.some((entry) => entry.enrichment === enrichment && entry.purse === purse),
    ).map((purse) =>
      spendOf(
        today.filter((entry) => entry.purse === purse),
        { budget, enrichment, purse },
      ),
    );
  });
}

const pursesOf = (budget: Budget, enrichment: string): readonly Purse[] =>
  [false, true].map((isRedo) => purseOf(budget, { enrichment, isRedo }));

function spendOf(
  used: readonly LedgerEntry[],
  {
    budget,
    enrichment,
    purse,
  }: Pick<SpendToday, 'enrichment' | 'purse'> & { readonly budget: Budget | undefined },
): SpendToday {
  const own = used.filter((entry) => entry.enrichment === enrichment);
  const spent = chargedNanoUsd(own);
  const limits = limitsOf(budget, purse);
  const told = { enrichment, purse, spent_usd: usdOf(spent) };
  if (limits === undefined)
    return { ...told, limit_usd: null, share: null, purse_share: null, over_budget: false };
  const { limitNanoUsd } = limits;
  const share = (nanoUsd: number): number => (limitNanoUsd === 0 ? 1 : nanoUsd / limitNanoUsd);
  const uses = [...Map.groupBy(used, (entry) => entry.enrichment)].map(([name, each]) => ({
    enrichment: name,
    spentNanoUsd: chargedNanoUsd(each),
    leasedNanoUsd: 0,
  }));
  return {
    ...told,
    limit_usd: usdOf(limitNanoUsd),
    share: share(spent),
    purse_share: share(chargedNanoUsd(used)),
    over_budget: restNanoUsd(limits, uses, enrichment) < requestNanoUsd(own),
  };
}

const sum = (entries: readonly LedgerEntry[], of: (entry: LedgerEntry) => number): number =>
  entries.reduce((total, entry) => total + of(entry), 0);

const chargedNanoUsd = (entries: readonly LedgerEntry[]): number =>
  sum(entries, ({ spentNanoUsd, presumedNanoUsd }) => spentNanoUsd + presumedNanoUsd);

/** What a request had reserved on average; at least the smallest amount that there is. */
function requestNanoUsd(entries: readonly LedgerEntry[]): number {
  const requests = sum(entries, (each) => each.requests);
  return Math.max(1, requests === 0 ? 0 : sum(entries, ({ reservedNanoUsd }) => reservedNanoUsd) / requests);
}

/** "today $0.05 of $1.00 for changes (5 %, with others 25 %), $0.50 of $10.00 for redo (5 %): over budget until midnight UTC" */
export function spendText(spends: readonly SpendToday[]): string {
  return `today ${spends.map(partText).join(', ')}`;
}

function partText({ purse, spent_usd, limit_usd, share, purse_share, over_budget }: SpendToday): string {
  const what = `for ${PURSE_NAMES[purse]}`;
  if (limit_usd === null) return `${formatUsd(spent_usd)} ${what}, without a limit`;
  const shares = [share, purse_share].map((each) => `${Math.round((each ?? 0) * 100)} %`);
  const all = shares[0] === shares[1] ? shares[0] : `${shares[0]}, with others ${shares[1]}`;
  const end = over_budget ? ': over budget until midnight UTC' : '';
  return `${formatUsd(spent_usd)} of ${formatUsd(limit_usd)} ${what} (${all})${end}`;
}
