import { POLICY } from '../../shared/errors/policy.ts';
import type { Readiness } from '../../shared/telemetry/http.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { CallObserver } from './calls/answering.ts';
import type { WaitObserver } from './database-wait.ts';
import type { EnricherMetrics } from './metrics.ts';

/** An outage makes many equal failures: a line for the first, and now and then one with how many there were. */
const LINE_INTERVAL_MS = 10_000;

export interface ObservedParts {
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly metrics: EnricherMetrics;
  readonly clock?: () => number;
}

/** What the calls of one lane meet, for metrics, log and health. `name` is what readiness waits for. */
export function observeCalls(
  name: string,
  { logger, readiness, metrics, clock = () => performance.now() }: ObservedParts,
): CallObserver {
  const said = new Map<string, { atMs: number; unsaid: number }>();
  return {
    called: (rows, durationMs) => metrics.called(rows, durationMs),
    failed(fault, rows) {
      metrics.failed(fault);
      const { kind, code, httpStatus, requestId, message } = fault;
      const before = said.get(`${kind}/${code}`);
      const atMs = clock();
      if (before !== undefined && atMs - before.atMs < LINE_INTERVAL_MS) {
        before.unsaid++;
        return;
      }
      said.set(`${kind}/${code}`, { atMs, unsaid: 0 });
      const repeated = before === undefined || before.unsaid === 0 ? {} : { repeated: before.unsaid };
      logger.warn(
        { kind, code, http_status: httpStatus, request_id: requestId, rows, reason: message, ...repeated },
        'a model call failed',
      );
    },
    paused({ kind, code, message }) {
      metrics.paused(name, true);
      const { hint } = POLICY[kind];
      readiness.notReady(name, `${kind}: ${code}. ${hint}`);
      // Only a person mends that, and until then this enrichment stands still.
      if (kind === 'set_up') logger.error({ kind, code, reason: message, hint }, 'the model cannot be used');
    },
    resumed() {
      metrics.paused(name, false);
      readiness.ready(name);
    },
  };
}

/** Rows wait while the database does not answer: looked up and kept there is what they cost. */
export function observeDatabase({
  logger,
  readiness,
}: Pick<ObservedParts, 'logger' | 'readiness'>): WaitObserver {
  let waiting = 0;
  return {
    paused() {
      if (waiting++ > 0) return;
      readiness.notReady('database', 'the database does not answer: rows wait');
      logger.warn('the database does not answer: nothing is lost, rows wait');
    },
    resumed() {
      if (--waiting === 0) readiness.ready('database');
    },
  };
}
