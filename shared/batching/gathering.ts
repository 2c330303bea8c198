interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One statement at a time for many askers: what is asked while one is under way goes with the next, so that batches fill by
 * themselves under load and nobody waits for company. Not bounded by itself: its askers are, since each awaits its answer.
 */
export class Gathering<Item, Result> {
  readonly #work: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #itemsMax: number;
  #waiting: Waiting<Item, Result>[] = [];
  #isWorking = false;

  /** `work` answers once per item, in order. */
  constructor(work: (items: readonly Item[]) => Promise<readonly Result[]>, itemsMax: number) {
    this.#work = work;
    this.#itemsMax = itemsMax;
  }

  ask(item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiting.push({ item, resolve, reject });
    if (!this.#isWorking) {
      this.#isWorking = true;
      // What is asked in one go travels together.
      queueMicrotask(() => void this.#workOff());
    }
    return promise;
  }

  async #workOff(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.slice(0, this.#itemsMax);
      this.#waiting = this.#waiting.slice(taken.length);
      await this.#answer(taken);
    }
    this.#isWorking = false;
  }

  async #answer(taken: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#work(taken.map(({ item }) => item));
      if (results.length !== taken.length)
        throw new RangeError('another number of answers than of questions');
      for (const [place, { resolve }] of taken.entries()) resolve(results[place] as Result);
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
  }
}
