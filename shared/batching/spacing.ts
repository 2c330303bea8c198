import { setTimeout as wait } from 'node:timers/promises';

/**
 * For what costs the same for one row as for many: after a quiet time it is done at once, and else not more often than once
 * in so many milliseconds, so that what comes meanwhile goes with it.
 */
export class Spacing {
  readonly #intervalMs: () => number;
  readonly #clock: () => number;
  readonly #wait: (waitMs: number) => Promise<unknown>;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    intervalMs: number | (() => number),
    clock: () => number = () => performance.now(),
    waitFor: (waitMs: number) => Promise<unknown> = wait,
  ) {
    this.#intervalMs = typeof intervalMs === 'number' ? () => intervalMs : intervalMs;
    this.#clock = clock;
    this.#wait = waitFor;
  }

  /** Resolves when it is time; from then on the interval counts anew. */
  async turn(): Promise<void> {
    const waitMs = this.#lastMs + this.#intervalMs() - this.#clock();
    if (waitMs > 0) await this.#wait(waitMs);
    this.#lastMs = this.#clock();
  }
}
