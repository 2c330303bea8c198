/**
 * Decides what may be confirmed upstream while work finishes out of order: only what has nothing open before it.
 * No I/O, no clock. One per slot (positions are commit LSNs) or per partition (positions are offsets).
 */
export class ContiguousPrefix {
  /** In stream order; what is before `#head` is safe. An array, since stepping over a Map's deleted entries grew with them. */
  #positions: bigint[] = [];
  #finished: boolean[] = [];
  #head = 0;
  #newest: bigint | undefined;
  #safe: bigint | undefined;

  /** `position` has been taken up; positions come in growing order. */
  start(position: bigint): void {
    if (this.#newest !== undefined && position <= this.#newest) {
      throw new RangeError(`position ${position} is not after ${this.#newest}`);
    }
    this.#newest = position;
    this.#positions.push(position);
    this.#finished.push(false);
  }

  /** `position` is done. Returns the newest position that is safe now, or undefined while an older one is open. */
  finish(position: bigint): bigint | undefined {
    const place = this.#placeOf(position);
    if (place === undefined || this.#finished[place] === true) {
      throw new RangeError(`position ${position} is not in flight`);
    }
    this.#finished[place] = true;
    if (place !== this.#head) return undefined;
    while (this.#finished[this.#head] === true) this.#head++;
    this.#safe = this.#positions[this.#head - 1];
    this.#forgetSafe();
    return this.#safe;
  }

  /** The newest position with nothing open at or before it. */
  get safe(): bigint | undefined {
    return this.#safe;
  }

  /** How many positions are taken up and not yet safe. */
  get size(): number {
    return this.#positions.length - this.#head;
  }

  /** The oldest one is nearly always asked for; the others by halving, since positions grow. */
  #placeOf(position: bigint): number | undefined {
    if (this.#positions[this.#head] === position) return this.#head;
    let low = this.#head;
    let high = this.#positions.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#positions[middle] as bigint;
      if (found === position) return middle;
      if (found < position) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** Copying what is open only when at least as much is safe keeps finishing cheap and memory bounded. */
  #forgetSafe(): void {
    if (this.#head < FORGOTTEN_AT_LEAST || this.#head < this.size) return;
    this.#positions = this.#positions.slice(this.#head);
    this.#finished = this.#finished.slice(this.#head);
    this.#head = 0;
  }
}

const FORGOTTEN_AT_LEAST = 1_024;
