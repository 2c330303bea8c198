import { Fault } from '../../shared/errors/policy.ts';
import { sqlState } from '../../shared/postgres/connect.ts';
import type { Readiness } from '../../shared/telemetry/http.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Hold } from './hold.ts';
import type { WriterMetrics } from './metrics.ts';
import type { Patience } from './patience.ts';

export interface ObservedParts {
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly metrics: WriterMetrics;
}

/** What a database that is away or busy, or takes nothing of one enrichment, means for metrics, log and health: a single conflict says nothing. */
export function observeDatabase({ logger, readiness, metrics }: ObservedParts) {
  const paused = new Set<string>();
  const held = new Set<string>();
  const count = (): void => metrics.paused(paused.size + held.size > 0);
  // The session before may have ended in the middle of a wait.
  count();
  const lane = (name: string): Pick<Patience, 'failed' | 'resumed'> & Hold => ({
    failed(error, tries) {
      const state = sqlState(error) ?? (error instanceof Fault ? error.code : 'connection');
      metrics.retried(state);
      if (tries < 2) return;
      paused.add(name);
      if (paused.size > 1 || tries > 2) return;
      count();
      readiness.notReady('database', `waiting for the database (${state})`);
      logger.warn({ err: error }, 'the database does not take a batch: waiting, nothing is lost');
    },
    resumed() {
      if (!paused.delete(name) || paused.size > 0) return;
      count();
      readiness.ready('database');
      logger.info('the database takes batches again');
    },
    held(fault, waitMs) {
      held.add(name);
      count();
      readiness.notReady(name, `${fault.code}: ${fault.message}`);
      logger.error(
        { err: fault, topic: name, wait_ms: waitMs },
        'somebody has to put this right: this enrichment waits, nothing is lost, trying again',
      );
    },
    released() {
      if (!held.delete(name)) return;
      count();
      readiness.ready(name);
    },
  });
  return { lane };
}
