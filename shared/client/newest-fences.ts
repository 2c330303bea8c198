import { compareFences, comparePositions, type Fence, type Position } from '../contracts/position.ts';

export interface SeenKey {
  readonly fence: Fence;
  /** The last record of the key, new or repeated, said that it was deleted: its tombstone follows and says no more. */
  readonly awaitsTombstone: boolean;
}

/** The newest fence of the keys that were touched last: what is not newer is a repetition. Bounded, so it forgets. */
export class NewestFences {
  readonly #keysMax: number;
  readonly #seen = new Map<string, SeenKey>();
  #truncated: Position | undefined;

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#seen.size;
  }

  get(keyText: string): SeenKey | undefined {
    return this.#seen.get(keyText);
  }

  /** True when nothing as new was seen of the key, nor of the whole table. */
  isNewer(keyText: string, fence: Fence): boolean {
    if (this.#truncated !== undefined && comparePositions(fence, this.#truncated) < 0) return false;
    const seen = this.#seen.get(keyText);
    return seen === undefined || compareFences(fence, seen.fence) > 0;
  }

  /** The key touched last is forgotten last. */
  touch(keyText: string, seen: SeenKey): void {
    this.#seen.delete(keyText);
    this.#seen.set(keyText, seen);
    if (this.#seen.size <= this.#keysMax) return;
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }

  /** True when this truncate is newer than the last; each comes once for every partition. */
  truncate(position: Position): boolean {
    if (this.#truncated !== undefined && comparePositions(position, this.#truncated) <= 0) return false;
    this.#truncated = position;
    for (const [keyText, { fence }] of this.#seen) {
      if (comparePositions(fence, position) < 0) this.#seen.delete(keyText);
    }
    return true;
  }
}
