import { Fault } from '../errors/policy.ts';
import { isTransient } from '../postgres/transient.ts';
import { type BackoffLimits, backoffMs } from './backoff.ts';
import { pause } from './run-service.ts';
import type { ServiceSettings } from './service-settings.ts';

const RECONNECT: BackoffLimits = { firstMs: 200, maxMs: 5_000 };
/** Mended by people: asking more often would only fill a log somewhere. */
export const SET_RIGHT: BackoffLimits = { firstMs: 2_000, maxMs: 60_000 };
/** A session that lasted this long was a good one: the next failure starts counting anew. */
const GOOD_SESSION_MS = 30_000;

/**
 * Runs session after session until one ends by itself or `signal` aborts. What breaks because a part is away, or refuses
 * what somebody has to put right, is tried again with growing waits, from what was last confirmed; everything else ends
 * the service.
 */
export async function runSessions(
  { telemetry, logger }: Pick<ServiceSettings, 'telemetry' | 'logger'>,
  /** The readiness that a broken session takes away and the next one gives back. */
  readiness: string,
  session: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    const startedAtMs = performance.now();
    try {
      await session();
      return;
    } catch (error) {
      const needsSomebody = error instanceof Fault && error.kind === 'set_up';
      if (!needsSomebody && !isTransient(error)) throw error;
      if (performance.now() - startedAtMs > GOOD_SESSION_MS) attempt = 0;
      const waitMs = backoffMs(attempt++, needsSomebody ? SET_RIGHT : RECONNECT, Math.random);
      if (needsSomebody) {
        telemetry.readiness.notReady(readiness, `${error.code}: ${error.message}`);
        logger.error(
          { err: error, wait_ms: waitMs },
          'somebody has to put this right: nothing is lost, trying again',
        );
      } else {
        telemetry.readiness.notReady(readiness, 'connecting again');
        logger.warn({ err: error, wait_ms: waitMs }, 'a part is away: nothing is lost, trying again');
      }
      await pause(waitMs, signal);
    }
  }
}
