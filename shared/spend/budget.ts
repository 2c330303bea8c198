import type { Budget } from '../config/definition.ts';
import type { Purse, PurseLimits } from './lease.ts';
import { nanoUsdOf } from './nano-usd.ts';

/** Without a purse of its own what is read again is paid as changes are: daily_usd is then the limit of all. */
export function purseOf(budget: Budget | undefined, isRedo: boolean): Purse {
  return isRedo && (budget === undefined || budget.redo_daily_usd !== undefined) ? 'redo' : 'live';
}

/** The setting that a purse's limit stands in. */
export function limitName(purse: Purse): 'daily_usd' | 'redo_daily_usd' {
  return purse === 'redo' ? 'redo_daily_usd' : 'daily_usd';
}

/** undefined: there is no limit. */
export function limitsOf(budget: Budget | undefined, purse: Purse): PurseLimits | undefined {
  const usd = budget?.[limitName(purse)];
  if (budget === undefined || usd === undefined) return undefined;
  const reserved = purse === 'redo' ? {} : budget.reserved_usd;
  return {
    limitNanoUsd: nanoUsdOf(usd),
    reservedNanoUsd: Object.fromEntries(
      Object.entries(reserved).map(([name, part]) => [name, nanoUsdOf(part)]),
    ),
  };
}
