export interface RememberedAnswer<ItemResult> {
  readonly result: ItemResult;
  readonly costNanoUsd: number;
  readonly bytes: number;
}

export interface MemoryBounds {
  readonly answersMax: number;
  readonly bytesMax: number;
}

/** What comes again soon, as an update right behind its insert does: seconds of a busy enrichment, or 1,400 vectors. */
const BOUNDS: MemoryBounds = { answersMax: 20_000, bytesMax: 8 * 1_048_576 };
/** Hash, entry and object around an answer, roughly. */
const OVERHEAD_BYTES = 200;

/** The answers used last, as many as fit. */
export class AnswerMemory<ItemResult> {
  readonly #bounds: MemoryBounds;
  /** The one used longest ago first: a Map keeps the order of insertion. */
  readonly #answers = new Map<string, RememberedAnswer<ItemResult>>();
  #bytes = 0;

  constructor(bounds = BOUNDS) {
    this.#bounds = bounds;
  }

  get(hash: string): RememberedAnswer<ItemResult> | undefined {
    const found = this.#answers.get(hash);
    if (found === undefined) return undefined;
    this.#answers.delete(hash);
    this.#answers.set(hash, found);
    return found;
  }

  set(hash: string, answer: RememberedAnswer<ItemResult>): void {
    this.#forget(hash);
    this.#answers.set(hash, answer);
    this.#bytes += answer.bytes + OVERHEAD_BYTES;
    const { answersMax, bytesMax } = this.#bounds;
    for (const [oldest] of this.#answers) {
      if (this.#answers.size <= answersMax && this.#bytes <= bytesMax) break;
      this.#forget(oldest);
    }
  }

  #forget(hash: string): void {
    const known = this.#answers.get(hash);
    if (known === undefined) return;
    this.#answers.delete(hash);
    this.#bytes -= known.bytes + OVERHEAD_BYTES;
  }
}
