// How much may go next, so that rows read again never stand between the application's own changes and their results for
// longer than a moment. Pure: whoever measures says when.

/** What a consumer group has done and has still before it on one topic, at one moment. */
export interface GroupReading {
  readonly atMs: number;
  /** Records finished since the beginning of the topic. */
  readonly finished: number;
  readonly ahead: number;
}

/** At most this much of every group's work may lie before it when the next chunk goes, and be in one chunk. */
const WORK_MAX_S = 2;
export const CHUNK_ROWS_MIN = 100;
export const CHUNK_ROWS_MAX = 4_096;
/** In memory between its reading and the high watermark, and once more on its way to Kafka. */
export const CHUNK_BYTES_MAX = 4 * 1_048_576;
/** Longer than the client's own pauses, a rebalance of its group among them. */
const STILL_AFTER_MS = 15_000;
/** So much of the newest measurement goes into the rate. */
const NEWEST_SHARE = 0.5;

/** The speed of one group, learned from its own progress. */
export class GroupPace {
  #last: GroupReading | undefined;
  /** When it last finished something, or had nothing to do. */
  #movedAtMs = 0;
  #ratePerSecond: number | undefined;
  /** Published since the last reading. */
  #added = 0;

  read(reading: GroupReading): void {
    const before = this.#last;
    this.#last = reading;
    this.#added = 0;
    const isMoving = before === undefined || reading.finished > before.finished || before.ahead === 0;
    if (isMoving) this.#movedAtMs = reading.atMs;
    if (before === undefined || reading.atMs <= before.atMs) return;
    const finished = reading.finished - before.finished;
    if (before.ahead === 0 && finished <= 0) return;
    const measured = Math.max(0, finished) / ((reading.atMs - before.atMs) / 1_000);
    const known = this.#ratePerSecond;
    if (known === undefined) this.#ratePerSecond = measured;
    // It had nothing to do at one of the ends, so it may be faster than it looks.
    else if (reading.ahead === 0 || before.ahead === 0) this.#ratePerSecond = Math.max(known, measured);
    else this.#ratePerSecond = known * (1 - NEWEST_SHARE) + measured * NEWEST_SHARE;
  }

  published(rows: number): void {
    this.#added += rows;
  }

  get ratePerSecond(): number | undefined {
    return this.#ratePerSecond;
  }

  /** It has something to do, and has finished nothing for a while. */
  get isStill(): boolean {
    return this.#last !== undefined && this.#last.atMs - this.#movedAtMs >= STILL_AFTER_MS;
  }

  /** Rows that the next chunk may have for this group; 0: not now. */
  get rowsAllowed(): number {
    if (this.#last === undefined) return 0;
    const ahead = this.#last.ahead + this.#added;
    // Nothing is known of it: a few rows show how fast it is, and whether it runs at all.
    if (this.#ratePerSecond === undefined) return ahead === 0 ? CHUNK_ROWS_MIN : 0;
    const work = this.#ratePerSecond * WORK_MAX_S;
    if (ahead > work) return 0;
    return Math.min(CHUNK_ROWS_MAX, Math.max(CHUNK_ROWS_MIN, Math.floor(work)));
  }
}

/** The slowest group decides; without any only the size of a chunk does. */
export function rowsAllowed(groups: readonly Pick<GroupPace, 'rowsAllowed'>[]): number {
  return groups.reduce((least, group) => Math.min(least, group.rowsAllowed), CHUNK_ROWS_MAX);
}
