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

/**
 * The answers used last, at least half as many as fit: they gather in one half, and when that is full the other one is
 * forgotten as a whole. To take out the oldest one by one costs more than all the rest of remembering.
 */
export class AnswerMemory<ItemResult> {
  readonly #halfAnswersMax: number;
  readonly #halfBytesMax: number;
  #newer = new Map<string, RememberedAnswer<ItemResult>>();
  #older = new Map<string, RememberedAnswer<ItemResult>>();
  #newerBytes = 0;

  constructor({ answersMax, bytesMax } = BOUNDS) {
    this.#halfAnswersMax = answersMax / 2;
    this.#halfBytesMax = bytesMax / 2;
  }

  get(hash: string): RememberedAnswer<ItemResult> | undefined {
    const newer = this.#newer.get(hash);
    if (newer !== undefined) return newer;
    const older = this.#older.get(hash);
    if (older !== undefined) this.set(hash, older);
    return older;
  }

  /** An answer that would fill more than a half is not kept. */
  set(hash: string, answer: RememberedAnswer<ItemResult>): void {
    const bytes = answer.bytes + OVERHEAD_BYTES;
    const replaced = this.#newer.get(hash);
    if (replaced !== undefined) {
      this.#newer.delete(hash);
      this.#newerBytes -= replaced.bytes + OVERHEAD_BYTES;
    }
    if (bytes > this.#halfBytesMax) {
      this.#older.delete(hash);
      return;
    }
    if (this.#newer.size + 1 > this.#halfAnswersMax || this.#newerBytes + bytes > this.#halfBytesMax) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerBytes = 0;
    }
    this.#newer.set(hash, answer);
    this.#newerBytes += bytes;
  }
}
