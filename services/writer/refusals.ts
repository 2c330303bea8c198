import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { sqlState } from '../../shared/postgres/connect.ts';
import { mayBeOfRow } from '../../shared/postgres/sql-states.ts';

/** One outcome on its way into the tables, with the record it came in. */
export interface Arrival {
  readonly record: FetchedRecord;
  readonly event: AnyEnrichedEvent;
}

/** Why the database, or the key's own shape, refuses a row for good; undefined for everything that may pass later. */
export function refusalOf(error: unknown): Fault | undefined {
  // What has no place in the table at all is found before the database is asked.
  if (error instanceof RangeError)
    return new Fault('refused_by_database', 'shape', 'the key or the result does not fit this table');
  const state = sqlState(error);
  if (state === undefined || !mayBeOfRow(state)) return undefined;
  return new Fault('refused_by_database', state, `the side tables refuse the row (SQLSTATE ${state})`, {
    cause: error,
  });
}

/**
 * Applies arrivals in as few transactions as it can: a batch that is refused is halved until the refused row stands alone,
 * so that one bad row never holds back the others. `refused` decides about that row.
 */
export async function applyIsolating<Applied>(
  arrivals: readonly Arrival[],
  apply: (arrivals: readonly Arrival[]) => Promise<Applied>,
  refused: (arrival: Arrival, fault: Fault) => Promise<void>,
): Promise<readonly Applied[]> {
  if (arrivals.length === 0) return [];
  try {
    return [await apply(arrivals)];
  } catch (error) {
    const fault = refusalOf(error);
    if (fault === undefined) throw error;
    const [alone] = arrivals;
    if (arrivals.length === 1 && alone !== undefined) {
      await refused(alone, fault);
      return [];
    }
    const middle = Math.ceil(arrivals.length / 2);
    const first = await applyIsolating(arrivals.slice(0, middle), apply, refused);
    return [...first, ...(await applyIsolating(arrivals.slice(middle), apply, refused))];
  }
}
