// When each row is due: the set rate on average, with a busy moment in every cycle, and no drift however long it runs.
import { createRandom } from './random.ts';

export interface PacingSettings {
  readonly rowsPerSecond: number;
  readonly seed: number;
}

/** Every cycle holds one busy moment: this share of its time carries that share of its rows. */
const CYCLE_MS = 8_000;
const BUSY_TIME_SHARE = 0.12;
const BUSY_ROWS_SHARE = 0.3;
/** Further behind than this, after an outage say, the pace starts anew instead of racing to catch up. */
const BEHIND_MAX_MS = 2_000;

/** Milliseconds from the start until row number `row` (from 0) is due: never falling, and exact at each cycle's end. */
export function dueMs(row: number, settings: PacingSettings): number {
  const rowsPerCycle = (settings.rowsPerSecond * CYCLE_MS) / 1_000;
  const cycle = Math.floor(row / rowsPerCycle);
  const rowsShare = row / rowsPerCycle - cycle;
  const busyFrom = createRandom(settings.seed + cycle).unit() * (1 - BUSY_TIME_SHARE);
  return (cycle + timeShare(rowsShare, busyFrom)) * CYCLE_MS;
}

function timeShare(rowsShare: number, busyFrom: number): number {
  const quietSlope = (1 - BUSY_TIME_SHARE) / (1 - BUSY_ROWS_SHARE);
  const rowsBefore = busyFrom / quietSlope;
  if (rowsShare < rowsBefore) return rowsShare * quietSlope;
  const inBusy = rowsShare - rowsBefore;
  if (inBusy < BUSY_ROWS_SHARE) return busyFrom + inBusy * (BUSY_TIME_SHARE / BUSY_ROWS_SHARE);
  return busyFrom + BUSY_TIME_SHARE + (inBusy - BUSY_ROWS_SHARE) * quietSlope;
}

export class Pace {
  readonly #settings: PacingSettings;
  readonly #monotonicMs: () => number;
  #startedAtMs: number;
  #rows = 0;

  constructor(settings: PacingSettings, monotonicMs: () => number) {
    this.#settings = settings;
    this.#monotonicMs = monotonicMs;
    this.#startedAtMs = monotonicMs();
  }

  /** Until the next row is due; nothing when it is late. */
  waitMs(): number {
    const aheadMs = this.#startedAtMs + dueMs(this.#rows, this.#settings) - this.#monotonicMs();
    if (aheadMs < -BEHIND_MAX_MS) {
      this.#startedAtMs = this.#monotonicMs();
      this.#rows = 0;
    }
    return Math.max(0, aheadMs);
  }

  add(rows: number): void {
    this.#rows += rows;
  }
}
