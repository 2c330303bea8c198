import { Fault } from '../../shared/errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../shared/lifecycle/backoff.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { sqlState } from '../../shared/postgres/connect.ts';
import { gotNoAnswer, isTransient } from '../../shared/postgres/transient.ts';
import type { Arrival } from './refusals.ts';

/** Whatever came in a record. */
export type Carried = Pick<Arrival, 'record'>;

export interface Patience {
  /** A try that failed for a reason that passes: a deadlock, a lost connection, a node that does not write, a full disk. */
  failed(error: unknown, tries: number): void;
  /** What had failed is done now. */
  resumed(): void;
  /** Whether this batch is still ours to write. */
  isWanted(batch: readonly Carried[]): boolean;
  readonly stopping: AbortSignal;
}

/** The batch is somebody else's by now, or the writer ends: nothing of it is committed, and it comes again. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

const AGAIN: BackoffLimits = { firstMs: 50, maxMs: 5_000 };
/** The statement, or all of the transaction, took longer than it may. */
const TOOK_TOO_LONG = new Set(['57014', '25P04']);
/** So may several statements in one trip, of which each kept within its time; a server that is not there takes no smaller batch either. */
const tookTooLong = (error: unknown): boolean =>
  TOOK_TOO_LONG.has(sqlState(error) ?? '') || gotNoAnswer(error);

/**
 * Applies a batch, again and again while the database is away or busy: the consumer fetches no more meanwhile, and no offset
 * moves. What takes too long as a whole is halved.
 */
export async function applyPatiently<Item extends Carried, Applied>(
  arrivals: readonly Item[],
  apply: (arrivals: readonly Item[]) => Promise<Applied>,
  patience: Patience,
): Promise<readonly Applied[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      const applied = await apply(arrivals);
      // Also at the first try: what waited before may have been given up.
      patience.resumed();
      return [applied];
    } catch (error) {
      if (!isTransient(error)) throw error;
      patience.failed(error, tries);
      await pause(backoffMs(tries - 1, AGAIN, Math.random), patience.stopping);
      if (patience.stopping.aborted || !patience.isWanted(arrivals)) throw new Abandoned();
      if (tookTooLong(error) && arrivals.length > 1) break;
    }
  }
  const middle = Math.ceil(arrivals.length / 2);
  const first = await applyPatiently(arrivals.slice(0, middle), apply, patience);
  const second = await applyPatiently(arrivals.slice(middle), apply, patience);
  patience.resumed();
  return [...first, ...second];
}

/**
 * Looks at what `carried` depends on with the same patience.
 * @throws Fault that it finds, at once: that is of the tables, not of the connection
 */
export async function lookPatiently(
  carried: Carried,
  look: () => Promise<void>,
  patience: Patience,
): Promise<void> {
  const find = async (): Promise<Fault | undefined> => {
    try {
      await look();
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
    return undefined;
  };
  for (const found of await applyPatiently([carried], find, patience)) {
    if (found !== undefined) throw found;
  }
}
