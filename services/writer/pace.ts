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
/** Fewer results than that take about as long as that many: a statement has its own cost. */
const RESULTS_LEAST = 32;

export interface BatchTimes {
  readonly rows: number;
  readonly durationMs: number;
  /** Of it what does not depend on the rows: to begin and to commit. */
  readonly latencyMs: number;
  /** Result rows that were written, vectors each by itself. */
  readonly results: number;
}

/** What something takes as a rule, and takes now. */
class Usual {
  #usual: number | undefined;
  #smoothed = 0;

  see(taken: number): void {
    this.#smoothed =
      this.#usual === undefined ? taken : this.#smoothed + (taken - this.#smoothed) * NEWEST_SHARE;
    const usual = Math.min(this.#usual ?? taken, taken);
    this.#usual = usual + (this.#smoothed - usual) * FORGET_SHARE;
  }

  /** `least`: as much is no sign of anything. */
  isExceeded(least: number): boolean {
    return this.#smoothed > SLOW_TIMES * Math.max(this.#usual ?? 0, least);
  }
}

/** No I/O and no clock: how large the next batch may be, and how long to leave the database alone before it. */
export class Pace {
  readonly #rowsMax: number;
  #rows: number;
  readonly #latencyMs = new Usual();
  readonly #resultMs = new Usual();

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
    this.#rows = rowsMax;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Told of each transaction; answers how long to rest. */
  after(times: BatchTimes): number {
    const { rows, durationMs, latencyMs } = times;
    this.#fit(rows, durationMs);
    this.#latencyMs.see(latencyMs);
    const isSlow = this.#latencyMs.isExceeded(USUAL_LEAST_MS) || this.#areResultsSlow(times);
    // As long again as it worked: half of the time is the application's own.
    return isSlow ? Math.min(REST_MAX_MS, durationMs) : 0;
  }

  /** Told by batches of results: what repeats, or removes, takes another time, and so would a mixture. */
  #areResultsSlow({ rows, durationMs, latencyMs, results }: BatchTimes): boolean {
    if (results < rows / 2) return false;
    const counted = Math.max(results, RESULTS_LEAST);
    this.#resultMs.see((durationMs - latencyMs) / counted);
    return this.#resultMs.isExceeded(USUAL_LEAST_MS / counted);
  }

  #fit(rows: number, durationMs: number): void {
    if (durationMs > TRANSACTION_TARGET_MS) {
      if (rows > this.#rows / 2) this.#rows = Math.max(ROWS_MIN, Math.floor(this.#rows / 2));
    } else if (durationMs < TRANSACTION_TARGET_MS / 2 && rows >= this.#rows) {
      this.#rows = Math.min(this.#rowsMax, Math.ceil(this.#rows * 1.25));
    }
  }
}
