import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../shared/lifecycle/backoff.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { SET_RIGHT } from '../../shared/lifecycle/sessions.ts';
import { sqlState } from '../../shared/postgres/connect.ts';
import { isOfTables } from '../../shared/postgres/sql-states.ts';
import { Abandoned } from './patience.ts';

/** A lane that waits for somebody. */
export interface Hold {
  held(fault: Fault, waitMs: number): void;
  /** Also of a lane that was never held. */
  released(): void;
}

/** Faults that the lane finds in tables. One that Kafka finds ends the session: its producer sends nothing more after it. */
const OF_LANE = new Set(['every_row_refused', 'key_type_changed']);

/** Pure. What somebody has to put right about the tables of one lane; undefined for everything that is not its own. */
export function faultOfLane(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error.kind === 'set_up' && OF_LANE.has(error.code) ? error : undefined;
  const state = sqlState(error);
  if (state !== undefined && isOfTables(state)) {
    return new Fault(
      'set_up',
      state,
      `its tables, or the rights of this role on them, are not as init made them (SQLSTATE ${state}). Run \`afterglow init\`.`,
      { cause: error },
    );
  }
  if (!(error instanceof AfterglowError) || error.code !== 'database_not_initialised') return undefined;
  return new Fault('set_up', error.code, `${error.message} Run \`afterglow init\`.`, { cause: error });
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
        const fault = faultOfLane(error);
        if (fault === undefined) throw error;
        const waitMs = backoffMs(tries, limits, Math.random);
        held(fault, waitMs);
        if (!(await pause(waitMs, ending))) throw new Abandoned();
      }
    }
  } finally {
    released();
  }
}
