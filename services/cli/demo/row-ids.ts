import type { ReviewRef, TransactionRef } from './operations.ts';

/** Several times what RecentRows can still name. */
const KEPT_MAX = 5_000;

/** A map that forgets its oldest entries. */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: Key, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#entriesMax) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }
}

/** Which id the database gave to the rows the generator speaks of. */
export class RowIds {
  /** Bounded by the generator, which takes in no customers beyond CUSTOMERS_MAX. */
  readonly customers = new Map<string, string>();
  readonly transactions = new BoundedMap<TransactionRef, string>(KEPT_MAX);
  readonly reviews = new BoundedMap<ReviewRef, string>(KEPT_MAX);
}
