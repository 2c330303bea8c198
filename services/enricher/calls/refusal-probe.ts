/** Long enough that a stream with anything in it settles its refusals itself. */
const PROBE_AFTER_MS = 30_000;

export interface RefusalProbeOptions {
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
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: RefusalProbeOptions) {
    this.#options = options;
  }

  /** A refusal has begun to wait. */
  refused(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => void this.#probe(), PROBE_AFTER_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #probe(): Promise<void> {
    if (this.#options.isNeeded()) await this.#options.ask();
    this.#timer = undefined;
    if (this.#options.isNeeded()) this.refused();
  }
}
