import type { Budget } from '../../../shared/config/definition.ts';
import type { TableName } from '../../../shared/config/values.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import { type DatabasePool, inTransaction } from '../../../shared/postgres/connect.ts';
import type { EnrichmentTables } from '../../../shared/side-tables/enrichment-tables.ts';
import { readPurseDay } from '../../../shared/side-tables/ledger.ts';
import { createOverBudgetJob, hasOverBudget } from '../../../shared/side-tables/over-budget.ts';
import { limitsOf, purseOf } from '../../../shared/spend/budget.ts';
import { isFull } from '../../../shared/spend/lease.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';

export interface OverBudgetSettings {
  readonly database: DatabasePool;
  /** As it is now; undefined: nothing is limited any more. */
  readonly budget: () => Budget | undefined;
  readonly tables: EnrichmentTables;
  readonly source: TableName;
  readonly logger: Logger;
}

const LOOK_INTERVAL_MS = 30_000;

/** Until `ended` aborts: makes a job for rows that got nothing once there is money again. Never rejects. */
export async function redoOverBudget(
  settings: OverBudgetSettings,
  ended: AbortSignal,
  intervalMs = LOOK_INTERVAL_MS,
): Promise<void> {
  const { logger } = settings;
  do {
    try {
      const job = await redoIfFull(settings);
      if (job !== undefined)
        logger.info({ job }, 'there is money again: rows that were over budget are read again');
    } catch (err) {
      if (!ended.aborted) logger.warn({ err }, 'rows over budget could not be looked for');
    }
  } while (await pause(intervalMs, ended));
}

/** The purse that the rows found empty, and the one that pays for what is read again. */
async function redoIfFull(settings: OverBudgetSettings): Promise<string | undefined> {
  const { database, tables, source } = settings;
  const { enrichment } = tables;
  if (!(await hasOverBudget(database, enrichment))) return undefined;
  const budget = settings.budget();
  for (const purse of new Set([false, true].map((isRedo) => purseOf(budget, { enrichment, isRedo })))) {
    const { uses } = await readPurseDay(database, purse);
    if (!isFull(limitsOf(budget, purse), uses, enrichment)) return undefined;
  }
  return await inTransaction(database, (client) => createOverBudgetJob(client, tables, source));
}
