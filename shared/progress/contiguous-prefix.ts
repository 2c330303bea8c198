/**
 * Decides what may be confirmed upstream while work finishes out of order: only what has nothing open before it.
 * No I/O, no clock. One per slot (positions are commit LSNs) or per partition (positions are offsets).
 */
export class ContiguousPrefix {
  /** Stream order; finished ones wait here while an older one is open. A Map keeps insertion order. */
  readonly #open = new Map<bigint, boolean>();
  #newest: bigint | undefined;
  #safe: bigint | undefined;

  /** `position` has been taken up; positions come in growing order. */
  start(position: bigint): void {
    if (this.#newest !== undefined && position <= this.#newest) {
      throw new RangeError(`position ${position} is not after ${this.#newest}`);
    }
    this.#newest = position;
    this.#open.set(position, false);
  }

  /** `position` is done. Returns the newest position that is safe now, or undefined while an older one is open. */
  finish(position: bigint): bigint | undefined {
    if (this.#open.get(position) !== false) throw new RangeError(`position ${position} is not in flight`);
    this.#open.set(position, true);
    let moved: bigint | undefined;
    for (const [oldest, finished] of this.#open) {
      if (!finished) break;
      this.#open.delete(oldest);
      moved = oldest;
    }
    if (moved !== undefined) this.#safe = moved;
    return moved;
  }

  /** The newest position with nothing open at or before it. */
  get safe(): bigint | undefined {
    return this.#safe;
  }

  /** How many positions are taken up and not yet safe. */
  get size(): number {
    return this.#open.size;
  }
}
