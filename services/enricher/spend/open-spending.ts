import type { Budget, Definition } from '../../../shared/config/definition.ts';
import { formatTableName, type TableName } from '../../../shared/config/values.ts';
import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import { inBackground } from '../../../shared/lifecycle/in-background.ts';
import type { DatabasePool } from '../../../shared/postgres/connect.ts';
import { oldPricesText } from '../../../shared/spend/prices.ts';
import type { Readiness } from '../../../shared/telemetry/http.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { WaitObserver } from '../database-wait.ts';
import type { EnricherMetrics } from '../metrics.ts';
import { LimitNotices } from './limit-notices.ts';
import { observePurse } from './observe-purse.ts';
import { SavingsRecord } from './savings-record.ts';
import { Spending } from './spending.ts';

export interface OpenSpendingSettings {
  readonly definition: Definition;
  /** As it is now. */
  readonly budget: () => Budget | undefined;
  readonly enrichment: string;
  readonly table: TableName;
  readonly isPaidPerCall: boolean;
  readonly database: DatabasePool;
  readonly databaseWaits: WaitObserver;
  readonly producer: RecordProducer;
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly metrics: EnricherMetrics;
  readonly mustNotWait: () => boolean;
  readonly stopping: AbortSignal;
}

export interface OpenSpending extends AsyncDisposable {
  readonly spending: Spending;
  readonly savings: SavingsRecord;
}

/** All that the money of one enrichment needs, until its disposal says what was spent last. */
export function openSpending(settings: OpenSpendingSettings): OpenSpending {
  const { definition, budget, enrichment, database, databaseWaits, producer, logger, metrics, stopping } =
    settings;
  const { pipeline } = definition;
  const table = formatTableName(settings.table);
  const notices = new LimitNotices({ database, producer, pipeline, enrichment, logger });
  const spending = new Spending({
    database,
    budget,
    enrichment,
    table,
    stopping,
    mustNotWait: settings.mustNotWait,
    observer: (purse) =>
      observePurse({
        purse,
        budget,
        databaseWaits,
        notices,
        logger,
        readiness: settings.readiness,
        metrics,
      }),
  });
  const savings = new SavingsRecord(database, { purse: 'live', enrichment, table }, metrics);
  const old = settings.isPaidPerCall ? oldPricesText(definition.prices, Date.now()) : undefined;
  if (old !== undefined) logger.warn(old);
  // Only what is paid by the call can be spared.
  const keeping = settings.isPaidPerCall ? inBackground((ended) => savings.keep(ended)) : undefined;
  return {
    spending,
    savings,
    async [Symbol.asyncDispose]() {
      await keeping?.[Symbol.asyncDispose]();
      await spending[Symbol.asyncDispose]();
      await notices[Symbol.asyncDispose]();
    },
  };
}
