import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { Again } from './chunk-window.ts';
import { storeWait } from './job-progress.ts';

/** What keeps a job from going on, as whoever made it is told: never a row value, and no figure that changes by itself. */
export interface Wait {
  readonly what: string;
  /** Part of the pace of any job: shown, and nothing to warn of. */
  readonly isOrdinary?: true;
}

export const SHORT_LOG: Wait = {
  what: 'the log that is kept for the slot, which runs short: see docs/operations.md',
};
export const OPEN_TRANSACTIONS: Wait = {
  what: 'write transactions that were open when the reader began',
};
export const OTHER_DEFINITION: Wait = {
  what: 'a reader whose definition has its source and its enrichment: start it anew, or cancel the job',
};
export const UNKNOWN_LAG: Wait = { what: 'Kafka, which does not say how far the enrichments are' };

const CHUNK_AGAIN: Readonly<Record<Again, string>> = {
  invisible: 'a commit that is in the log and that no other session can see yet',
  schema: 'a moment in which the columns of its table do not change',
  reused_key: 'a moment in which its rows are not written',
  busy: 'a moment in which its table is not written so much',
};
export const chunkAgain = (why: Again): Wait => ({ what: CHUNK_AGAIN[why] });
export const inTheWay = (code: string): Wait => ({ what: `another session that is in the way (${code})` });
export const busyGroup = (enrichment: string): Wait => ({
  what: `enrichment ${enrichment}, which has enough to do`,
  isOrdinary: true,
});
export const idleGroup = (enrichment: string): Wait => ({
  what: `enrichment ${enrichment}, which takes nothing: is its enricher running?`,
});

/** Shorter waits are how a job is paced, and nobody has to know of each. */
const TOLD_AFTER_MS = 5_000;

/** Stores beside each open job what it waits for, once a wait lasts. */
export class WaitingJobs {
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #waits = new Map<string, { readonly what: string; readonly sinceMs: number }>();

  constructor(logger: Logger, nowMs: () => number) {
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  async waits(client: Queryable, { job, waitsFor }: RedoJob, { what, isOrdinary }: Wait): Promise<void> {
    const before = this.#waits.get(job);
    if (before?.what !== what) this.#waits.set(job, { what, sinceMs: this.#nowMs() });
    else if (waitsFor !== what && this.#nowMs() - before.sinceMs >= TOLD_AFTER_MS) {
      await storeWait(client, job, what);
      if (isOrdinary !== true) this.#logger.warn({ job, waits_for: what }, 'a redo waits');
    }
  }

  /** Whether the job waited for anything else until now. */
  isNew(job: string, { what }: Wait): boolean {
    return this.#waits.get(job)?.what !== what;
  }

  goesOn(job: string): void {
    this.#waits.delete(job);
  }

  /** Jobs that somebody cancelled or paused are not heard of again. */
  onlyOf(open: readonly RedoJob[]): void {
    const jobs = new Set(open.map(({ job }) => job));
    for (const job of this.#waits.keys()) if (!jobs.has(job)) this.#waits.delete(job);
  }
}
