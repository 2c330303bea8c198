import type { Queryable } from '../../shared/postgres/connect.ts';
import { readCacheSeal } from '../../shared/side-tables/cache-seal.ts';
import { CACHE_SEAL } from '../../shared/side-tables/names.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { describeValkey, type ValkeyAddress } from '../../shared/valkey/address.ts';
import { ValkeyAnswers } from '../../shared/valkey/answers.ts';
import { ValkeyConnection } from '../../shared/valkey/connection.ts';
import { AnswerSeal } from '../../shared/valkey/seal.ts';
import type { EnricherMetrics } from './metrics.ts';

export interface ValkeySettings {
  readonly address: ValkeyAddress;
  /** Answers of another one are none here. */
  readonly awsMode: string;
  readonly database: Queryable;
  readonly logger: Logger;
  readonly metrics: Pick<EnricherMetrics, 'valkeyAway' | 'valkeyRefused'>;
}

export interface OpenValkey extends AsyncDisposable {
  /** Undefined: its texts could not be told from those of others. */
  readonly answers: ValkeyAnswers | undefined;
}

/** Whether Valkey is there or not decides how fast answers are found, and nothing else: no readiness waits for it. */
export async function openValkey({
  address,
  awsMode,
  database,
  logger,
  metrics,
}: ValkeySettings): Promise<OpenValkey> {
  const secret = await readCacheSeal(database);
  const valkey = describeValkey(address);
  if (secret === undefined) {
    logger.warn({ valkey, table: CACHE_SEAL }, 'the table of the seal is empty: Valkey is not used');
    return { answers: undefined, async [Symbol.asyncDispose]() {} };
  }
  metrics.valkeyAway(false);
  const connection = await ValkeyConnection.open(address, {
    away(problem) {
      metrics.valkeyAway(true);
      logger.warn({ valkey, problem }, 'Valkey does not answer: what was paid for is found in PostgreSQL');
    },
    back() {
      metrics.valkeyAway(false);
      logger.info({ valkey }, 'Valkey answers again');
    },
  });
  return {
    answers: new ValkeyAnswers(connection, new AnswerSeal(secret, awsMode), metrics.valkeyRefused),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
