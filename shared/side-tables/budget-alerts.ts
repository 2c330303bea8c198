import type { Queryable } from '../postgres/connect.ts';
import type { Purse } from '../spend/lease.ts';
import { BUDGET_ALERTS } from './names.ts';

export interface BudgetAlert {
  /** '2026-11-21' */
  readonly day: string;
  readonly purse: Purse;
  /** alert: the share that `budget.alert_at` names. reached: there is nothing left for the next row. */
  readonly level: 'alert' | 'reached';
  /** Of the day; another one that is registered meanwhile is told of by itself. */
  readonly limitNanoUsd: number;
  /** Whose rows get nothing any more; null: it is of the purse as a whole. */
  readonly enrichment: string | null;
}

const valuesOf = ({ day, purse, level, enrichment, limitNanoUsd }: BudgetAlert): readonly unknown[] => [
  day,
  purse,
  level,
  enrichment ?? '',
  limitNanoUsd,
];

export async function isAlertTold(client: Queryable, alert: BudgetAlert): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from ${BUDGET_ALERTS} where day = $1::date and purse = $2 and level = $3 and enrichment = $4
      and limit_nano_usd = $5`,
    [...valuesOf(alert)],
  );
  return rowCount === 1;
}

/** False when somebody else has told it meanwhile. */
export async function markAlertTold(client: Queryable, alert: BudgetAlert): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into ${BUDGET_ALERTS} (day, purse, level, enrichment, limit_nano_usd) values ($1::date, $2, $3, $4, $5)
     on conflict do nothing`,
    [...valuesOf(alert)],
  );
  return rowCount === 1;
}
