import { Fault } from '../../shared/errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../shared/lifecycle/backoff.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { SET_RIGHT } from '../../shared/lifecycle/sessions.ts';
import { Abandoned } from './patience.ts';

/** A lane that waits for somebody. */
export interface Hold {
  held(fault: Fault, waitMs: number): void;
  /** Also of a lane that was never held. */
  released(): void;
}

/**
 * Does the work of one lane. What somebody has to put right about its tables is nothing to the others: it is tried again here,
 * inside the membership, as long as no other error comes. @throws Abandoned at the end
 */
export async function untilSetRight(
  work: () => Promise<void>,
  { held, released }: Hold,
  ending: AbortSignal,
  limits: BackoffLimits = SET_RIGHT,
): Promise<void> {
  try {
    for (let tries = 0; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== 'set_up') throw error;
        const waitMs = backoffMs(tries, limits, Math.random);
        held(error, waitMs);
        if (!(await pause(waitMs, ending))) throw new Abandoned();
      }
    }
  } finally {
    released();
  }
}
