/** Fills steadily, holds so much and no more; begins full. */
export class Bucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #level: number;
  #atMs: number;

  constructor(capacity: number, perMs: number, nowMs: number) {
    this.#capacity = capacity;
    this.#perMs = perMs;
    this.#level = capacity;
    this.#atMs = nowMs;
  }

  holds(amount: number, nowMs: number): boolean {
    this.#level = Math.min(this.#capacity, this.#level + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#level >= amount;
  }

  take(amount: number): void {
    this.#level -= amount;
  }
}
