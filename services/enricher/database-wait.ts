import { type BackoffLimits, backoffMs } from '../../shared/lifecycle/backoff.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { isTransient } from '../../shared/postgres/transient.ts';

export interface WaitObserver {
  /** The database does not answer: rows that need it wait. `resumed` follows, however the waiting ends. */
  paused(): void;
  resumed(): void;
}

const AGAIN: BackoffLimits = { firstMs: 100, maxMs: 2_000 };

/** Waits while the database is away. Rejects when `ending` aborts first, and with every error that no waiting mends. */
export async function untilAnswered<Result>(
  observer: WaitObserver,
  ending: AbortSignal,
  statement: () => Promise<Result>,
): Promise<Result> {
  let attempt = 0;
  try {
    for (;;) {
      try {
        return await statement();
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (attempt === 0) observer.paused();
        if (!(await pause(backoffMs(attempt++, AGAIN, Math.random), ending))) throw error;
      }
    }
  } finally {
    if (attempt > 0) observer.resumed();
  }
}
