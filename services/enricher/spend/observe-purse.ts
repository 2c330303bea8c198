import type { Budget } from '../../../shared/config/definition.ts';
import { limitsOf } from '../../../shared/spend/budget.ts';
import type { Purse } from '../../../shared/spend/lease.ts';
import type { Readiness } from '../../../shared/telemetry/http.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { WaitObserver } from '../database-wait.ts';
import type { EnricherMetrics } from '../metrics.ts';
import type { LimitNotices } from './limit-notices.ts';
import type { PurseObserver } from './purse-account.ts';

export interface ObservedPurse {
  readonly purse: Purse;
  /** As it is now. */
  readonly budget: () => Budget | undefined;
  readonly databaseWaits: WaitObserver;
  readonly notices: Pick<LimitNotices, 'tell'>;
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly metrics: Pick<EnricherMetrics, 'budgetUsed' | 'paused' | 'spent'>;
}

/** What a purse meets, for metrics, log, health and whoever listens to notices. */
export function observePurse(parts: ObservedPurse): PurseObserver {
  const { purse, databaseWaits, notices, logger, readiness, metrics } = parts;
  const name = `budget ${purse}`;
  return {
    ...databaseWaits,
    used({ kind, day, resetsAt, uses }) {
      const budget = parts.budget();
      const limits = limitsOf(budget, purse);
      if (budget === undefined || limits === undefined) return;
      const used = uses.reduce(
        (sum, { spentNanoUsd, leasedNanoUsd }) => sum + spentNanoUsd + leasedNanoUsd,
        0,
      );
      const { limitNanoUsd } = limits;
      metrics.budgetUsed(purse, limitNanoUsd === 0 ? 1 : used / limitNanoUsd);
      const told = { purse, day, resetsAt, limitNanoUsd, usedNanoUsd: used };
      if (used >= budget.alert_at * limitNanoUsd) notices.tell({ ...told, level: 'alert' });
      if (kind === 'spent') notices.tell({ ...told, level: 'reached' });
    },
    spent: (nanoUsd) => metrics.spent(purse, nanoUsd),
    waits(resetsAt) {
      metrics.paused(name, true);
      readiness.notReady(
        name,
        `the budget of the day is spent: rows wait until ${resetsAt}, or for a larger limit`,
      );
      logger.warn(
        { purse, resets_at: resetsAt },
        'the budget of the day is spent: nothing is lost, rows wait',
      );
    },
    goesOn() {
      metrics.paused(name, false);
      readiness.ready(name);
    },
  };
}
