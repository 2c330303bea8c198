/** Wakes whoever waits for something to change; given while nobody waits, the next one to wait goes on at once. */
export class Signal {
  #wake: (() => void) | undefined;
  #isGiven = false;

  give(): void {
    this.#isGiven = true;
    this.#wake?.();
  }

  /** One waits at a time. */
  async wait(): Promise<void> {
    if (!this.#isGiven) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = undefined;
    this.#isGiven = false;
  }
}
