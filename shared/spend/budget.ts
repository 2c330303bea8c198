import type { Budget } from '../config/definition.ts';
import { shadowedBy } from '../contracts/shadow.ts';
import type { Purse, PurseLimits } from './lease.ts';
import { nanoUsdOf } from './nano-usd.ts';

/** Who asks for money. */
export interface Spender {
  readonly enrichment: string;
  /** For rows that are read again. */
  readonly isRedo: boolean;
}

/** Without a purse of its own what is read again, or a shadow, is paid as changes are: daily_usd is then the limit of all. */
export function purseOf(budget: Budget | undefined, { enrichment, isRedo }: Spender): Purse {
  if (shadowedBy(enrichment) !== undefined && hasPurse(budget, 'shadow')) return 'shadow';
  return isRedo && hasPurse(budget, 'redo') ? 'redo' : 'live';
}

/** Without a budget each has its own, so that the ledger tells what went where. */
export const hasPurse = (budget: Budget | undefined, purse: Purse): boolean =>
  budget === undefined || budget[limitName(purse)] !== undefined;

const LIMITS = {
  live: 'daily_usd',
  redo: 'redo_daily_usd',
  shadow: 'shadow_daily_usd',
} as const satisfies Record<Purse, keyof Budget>;

/** The setting that a purse's limit stands in. */
export const limitName = (purse: Purse): (typeof LIMITS)[Purse] => LIMITS[purse];

/** undefined: there is no limit. */
export function limitsOf(budget: Budget | undefined, purse: Purse): PurseLimits | undefined {
  const usd = budget?.[limitName(purse)];
  if (budget === undefined || usd === undefined) return undefined;
  const reserved = purse === 'live' ? budget.reserved_usd : {};
  return {
    limitNanoUsd: nanoUsdOf(usd),
    reservedNanoUsd: Object.fromEntries(
      Object.entries(reserved).map(([name, part]) => [name, nanoUsdOf(part)]),
    ),
  };
}
