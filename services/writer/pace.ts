// How much the writer asks of the database at a time. The side tables lie in the application's own database: when that
// gets slow, its queries come first.

const ROWS_MIN = 10;
/** A transaction that is longer holds up a truncate and keeps old row versions alive for everybody. */
const TRANSACTION_TARGET_MS = 500;
/** Less than that is no sign of anything: this process, too, may take as long to notice an answer while it reads what comes next. */
const USUAL_LEAST_MS = 10;
const SLOW_TIMES = 4;
const REST_MAX_MS = 2_000;
/** Of the newest batch in the smoothed latency: one pause alone is not a slow database. */
const NEWEST_SHARE = 0.2;
/** What is slow for good becomes the usual, after some hundred batches. */
const FORGET_SHARE = 0.005;

export interface BatchTimes {
  readonly rows: number;
  readonly durationMs: number;
  /** Of it what does not depend on the rows: to begin and to commit. */
  readonly latencyMs: number;
}

/** No I/O and no clock: how large the next batch may be, and how long to leave the database alone before it. */
export class Pace {
  readonly #rowsMax: number;
  #rows: number;
  #usualMs: number | undefined;
  #smoothedMs = 0;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
    this.#rows = rowsMax;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Told of each transaction; answers how long to rest. */
  after({ rows, durationMs, latencyMs }: BatchTimes): number {
    this.#fit(rows, durationMs);
    this.#smoothedMs =
      this.#usualMs === undefined
        ? latencyMs
        : this.#smoothedMs + (latencyMs - this.#smoothedMs) * NEWEST_SHARE;
    const usualMs = Math.min(this.#usualMs ?? latencyMs, latencyMs);
    this.#usualMs = usualMs + (this.#smoothedMs - usualMs) * FORGET_SHARE;
    const slowMs = SLOW_TIMES * Math.max(this.#usualMs, USUAL_LEAST_MS);
    // As long again as it worked: half of the time is the application's own.
    return this.#smoothedMs <= slowMs ? 0 : Math.min(REST_MAX_MS, durationMs);
  }

  #fit(rows: number, durationMs: number): void {
    if (durationMs > TRANSACTION_TARGET_MS) {
      if (rows > this.#rows / 2) this.#rows = Math.max(ROWS_MIN, Math.floor(this.#rows / 2));
    } else if (durationMs < TRANSACTION_TARGET_MS / 2 && rows >= this.#rows) {
      this.#rows = Math.min(this.#rowsMax, Math.ceil(this.#rows * 1.25));
    }
  }
}
