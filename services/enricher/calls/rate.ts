/** What may go out at once after a pause: a tenth of a second's worth, so that no second sees much more than its quota. */
const BURST_SECONDS = 0.1;

/**
 * Calls per second as a bucket of tokens. The quota is the account's, not the process's: a process takes the share of its
 * partitions, so that all processes of a group together take what the definition allows, with nothing to agree on.
 */
export class CallRate {
  readonly #perSecond: number;
  #share = 1;
  #tokens: number;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  /** Without a rate nothing is held back. */
  constructor(perSecond: number | undefined) {
    this.#perSecond = perSecond ?? Number.POSITIVE_INFINITY;
    this.#tokens = this.#capacity;
  }

  setShare(share: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#share = share;
    this.#tokens = Math.min(this.#tokens, this.#capacity);
  }

  /** How long until a call may go out; 0: now. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    if (this.#tokens >= 1) return 0;
    const perMs = (this.#perSecond * this.#share) / 1000;
    return perMs === 0 ? Number.POSITIVE_INFINITY : (1 - this.#tokens) / perMs;
  }

  take(): void {
    this.#tokens -= 1;
  }

  get #capacity(): number {
    return Math.max(1, this.#perSecond * this.#share * BURST_SECONDS);
  }

  #refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#countedAtMs);
    this.#countedAtMs = nowMs;
    if (this.#perSecond === Number.POSITIVE_INFINITY || !Number.isFinite(passedMs)) {
      this.#tokens = this.#capacity;
      return;
    }
    this.#tokens = Math.min(this.#capacity, this.#tokens + (passedMs / 1000) * this.#perSecond * this.#share);
  }
}
