import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';

export interface QueueLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** What a batch closes on, whichever comes first. */
export interface TakeLimits extends QueueLimits {
  /** How long an incomplete batch may wait for company, counted from its first item. */
  readonly waitMaxMs: number;
}

/**
 * Between a source that arrives in bursts and a loop that takes batches. Bounded by rows and bytes: a source must hold
 * back while `full` and may go on at `roomAgain`; what it has already fetched it may still push.
 */
export class BoundedQueue<T> {
  readonly #limits: QueueLimits;
  readonly #bytesOf: (item: T) => number;
  #items: T[] = [];
  #head = 0;
  #bytes = 0;
  #closed = false;
  #error: unknown;
  readonly #events = new EventTarget();

  constructor(limits: QueueLimits, bytesOf: (item: T) => number) {
    this.#limits = limits;
    this.#bytesOf = bytesOf;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.size >= this.#limits.rowsMax || this.#bytes >= this.#limits.bytesMax;
  }

  get closed(): boolean {
    return this.#closed;
  }

  push(item: T): void {
    if (this.#closed) return;
    this.#items.push(item);
    this.#bytes += this.#bytesOf(item);
    if (this.size === 1 || this.full) this.#events.dispatchEvent(new Event('arrived'));
  }

  /** Ends at once: what is left is somebody else's, or comes again. With an error, takers get it. */
  abandon(error?: unknown): void {
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.close(error);
  }

  /** No more items come. With an error, takers get it after the items that are left. */
  close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#events.dispatchEvent(new Event('arrived'));
    this.#events.dispatchEvent(new Event('room'));
  }

  /** Resolves when there is room again, the queue is closed, or `waitMaxMs` have passed. */
  async roomAgain(waitMaxMs: number): Promise<void> {
    if (!this.full || this.#closed) return;
    await waitFor(this.#events, 'room', waitMaxMs);
  }

  /** Waits for a first item, then takes what fits; an empty result means closed. */
  async take(limits: TakeLimits): Promise<readonly T[]> {
    while (this.size === 0) {
      if (this.#closed) {
        if (this.#error !== undefined) throw this.#error;
        return [];
      }
      await once(this.#events, 'arrived');
      // What else the same fetch brings, from other partitions, is there in a moment.
      await setImmediate();
    }
    if (limits.waitMaxMs > 0 && !this.#reaches(limits)) {
      const deadlineMs = performance.now() + limits.waitMaxMs;
      for (;;) {
        const leftMs = deadlineMs - performance.now();
        if (leftMs <= 0 || this.#closed || this.#reaches(limits)) break;
        await waitFor(this.#events, 'arrived', leftMs);
      }
    }
    return this.#takeNow(limits);
  }

  #reaches(limits: QueueLimits): boolean {
    return this.size >= limits.rowsMax || this.#bytes >= limits.bytesMax;
  }

  #takeNow(limits: QueueLimits): readonly T[] {
    const wasFull = this.full;
    const taken: T[] = [];
    let bytes = 0;
    while (this.#head < this.#items.length && taken.length < limits.rowsMax) {
      const item = this.#items[this.#head] as T;
      const itemBytes = this.#bytesOf(item);
      // The first item always goes, however large: otherwise it would wait for ever.
      if (taken.length > 0 && bytes + itemBytes > limits.bytesMax) break;
      taken.push(item);
      bytes += itemBytes;
      this.#head++;
    }
    this.#bytes -= bytes;
    this.#forgetTaken();
    if (wasFull && !this.full) this.#events.dispatchEvent(new Event('room'));
    return taken;
  }

  /** Copying what is left only when at least half is gone keeps taking cheap and memory bounded. */
  #forgetTaken(): void {
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}

async function waitFor(target: EventTarget, name: string, waitMaxMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      target.removeEventListener(name, finish);
      resolve();
    };
    const timer = Number.isFinite(waitMaxMs) ? setTimeout(finish, waitMaxMs) : undefined;
    target.addEventListener(name, finish, { once: true });
  });
}
