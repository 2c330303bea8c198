import { compareFences, comparePositions, type Fence } from '../contracts/position.ts';
import type { Change } from './change.ts';

export interface NewestResult<Result> {
  readonly result: Result;
  readonly flagged: boolean | undefined;
  readonly fence: Fence;
}

/**
 * The newest result of every row that has one, in memory: what the side table holds, as a map. Of rows without one it knows nothing,
 * so it is as good as the memory of keys in front of it.
 */
export class NewestResults<Result = Readonly<Record<string, unknown>>> {
  readonly #keysMax: number;
  readonly #results = new Map<string, NewestResult<Result>>();

  /** With one more it throws: a map that forgets would be wrong without a word. */
  constructor({ keysMax }: { readonly keysMax: number }) {
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#results.size;
  }

  get(keyText: string): NewestResult<Result> | undefined {
    return this.#results.get(keyText);
  }

  entries(): IterableIterator<[string, NewestResult<Result>]> {
    return this.#results.entries();
  }

  apply(change: Change<Result>): void {
    if (change.kind === 'truncated') {
      for (const [keyText, { fence }] of this.#results) {
        if (comparePositions(fence, change.fence) < 0) this.#results.delete(keyText);
      }
    } else if (this.#isOlder(change)) {
      // A repetition of a key that the memory in front has forgotten.
    } else if (change.kind === 'outcome' && change.event.status === 'scored') {
      const { keyText, fence, event } = change;
      if (!this.#results.has(keyText) && this.#results.size >= this.#keysMax) {
        throw new RangeError(`more than ${this.#keysMax} rows have a result`);
      }
      this.#results.set(keyText, { result: event.result, flagged: event.flagged, fence });
    } else {
      this.#results.delete(change.keyText);
    }
  }

  #isOlder({ kind, keyText, fence }: Exclude<Change<Result>, { kind: 'truncated' }>): boolean {
    const held = this.#results.get(keyText);
    if (held === undefined || fence === undefined) return false;
    // A lone tombstone stands at the very place of what it deletes.
    const place = kind === 'deleted' ? { ...fence, scored: true } : fence;
    return compareFences(place, held.fence) < 0;
  }
}
