/** So many calls that a cold endpoint is not overrun; it doubles in a few round trips if there is more to gain. */
const LIMIT_FIRST = 4;
const SHRINK = 0.7;

/**
 * How many calls of one model may be under way: one more per round trip while all are used and answered, fewer by a third
 * when the model says that it is too many (additive increase, multiplicative decrease).
 */
export class AdaptiveConcurrency {
  readonly #callsMax: number;
  #limit: number;
  #shrunkAtMs = Number.NEGATIVE_INFINITY;

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
    this.#limit = Math.min(LIMIT_FIRST, callsMax);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** An unused limit says nothing: it only grows while it is what holds calls back. */
  answered(inFlight: number): void {
    if (inFlight < this.limit) return;
    this.#limit = Math.min(this.#callsMax, this.#limit + 1 / this.limit);
  }

  /** Calls that went out before it last shrank tell nothing new: one burst counts once. */
  overloaded(startedAtMs: number, nowMs: number): void {
    if (startedAtMs < this.#shrunkAtMs) return;
    this.#shrunkAtMs = nowMs;
    this.#limit = Math.max(1, this.#limit * SHRINK);
  }
}
