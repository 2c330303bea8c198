import type { Logger } from '../../../shared/telemetry/logger.ts';
import { hasRoomForRedo, type WalSafety } from '../slot-watch/wal-safety.ts';
import type { RedoMetrics } from './metrics.ts';

/** Whether a redo may go on beside the log: it makes work for everybody, and can be done later just as well. */
export class LogRoom {
  readonly #logger: Logger;
  readonly #metrics: Pick<RedoMetrics, 'held'>;
  /** Undefined until the slot has been measured: a redo must not be what costs it. */
  #safety: WalSafety | undefined;
  #isHeld = false;

  constructor(logger: Logger, metrics: Pick<RedoMetrics, 'held'>) {
    this.#logger = logger;
    this.#metrics = metrics;
  }

  measured(safety: WalSafety): void {
    this.#safety = safety;
  }

  /** True while the log runs short and there is something to hold. */
  holds(isWanted: boolean): boolean {
    const safety = this.#safety;
    const isHeld = isWanted && (safety === undefined || !hasRoomForRedo(safety));
    if (isHeld !== this.#isHeld && safety !== undefined) {
      if (isHeld) this.#logger.warn({ safety }, 'redo waits: the log that is kept for the slot runs short');
      // Where the last job was cancelled meanwhile nothing goes on.
      else if (isWanted) this.#logger.info({ safety }, 'redo goes on');
      this.#isHeld = isHeld;
    }
    this.#metrics.held(this.#isHeld);
    return isHeld;
  }
}
