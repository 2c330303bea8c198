/** Where a call costs nothing: the row has its outcome soon, and a busy stream has settled it before. */
const FIRST_MS = 250;
/** The longest, and the first where each call is paid: long enough that a stream with anything in it settles its refusals itself. */
const MOST_MS = 30_000;

export interface RefusalProbeOptions {
  readonly isPaid: boolean;
  /** Whether refusals wait for an acceptance. */
  readonly isNeeded: () => boolean;
  /** Asks about an item that the model accepted before. */
  readonly ask: () => Promise<void>;
}

/**
 * A refusal waits for the model to accept something, and holds its partition's offset until then. On a quiet source, and in a
 * redo whose other rows are all found in a cache, nothing would ever be accepted: then one call finds it out.
 */
export class RefusalProbe {
  readonly #options: RefusalProbeOptions;
  #waitMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: RefusalProbeOptions) {
    this.#options = options;
    this.#waitMs = this.#firstMs;
  }

  get #firstMs(): number {
    return this.#options.isPaid ? MOST_MS : FIRST_MS;
  }

  /** A refusal has begun to wait. */
  refused(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => void this.#probe(), this.#waitMs);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #probe(): Promise<void> {
    if (this.#options.isNeeded()) await this.#options.ask();
    this.#timer = undefined;
    if (this.#options.isNeeded()) {
      this.#waitMs = Math.min(MOST_MS, this.#waitMs * 2);
      this.refused();
    } else this.#waitMs = this.#firstMs;
  }
}
