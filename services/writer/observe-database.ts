import { Fault } from '../../shared/errors/policy.ts';
import { sqlState } from '../../shared/postgres/connect.ts';
import type { Readiness } from '../../shared/telemetry/http.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { WriterMetrics } from './metrics.ts';
import type { Patience } from './patience.ts';

export interface ObservedParts {
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly metrics: WriterMetrics;
}

/** What a database that is away or busy means for metrics, log and health: a single conflict says nothing to anybody. */
export function observeDatabase({ logger, readiness, metrics }: ObservedParts) {
  const paused = new Set<string>();
  const lane = (name: string): Pick<Patience, 'failed' | 'resumed'> => ({
    failed(error, tries) {
      const state = sqlState(error) ?? (error instanceof Fault ? error.code : 'connection');
      metrics.retried(state);
      if (tries < 2) return;
      paused.add(name);
      if (paused.size > 1 || tries > 2) return;
      metrics.paused(true);
      readiness.notReady('database', `waiting for the database (${state})`);
      logger.warn({ err: error }, 'the database does not take a batch: waiting, nothing is lost');
    },
    resumed() {
      if (!paused.delete(name) || paused.size > 0) return;
      metrics.paused(false);
      readiness.ready('database');
      logger.info('the database takes batches again');
    },
  });
  return { lane };
}
