import { CDC_RETENTION_MS } from '../../../shared/contracts/retention.ts';

/** Kafka forgets what waits for too long: rows that get nothing are then better than rows that nobody has. */
const LATE_SHARE = 0.75;
/** And waiting begins again only when most of the way is made up. */
const BACK_SHARE = 0.25;

/** How long ago the broker took what is worked on now, as a share of how long it keeps it. */
export class RetentionLag {
  readonly #retentionMs: number;
  #takenMs: number | undefined;
  #isLate = false;

  constructor(retentionMs = CDC_RETENTION_MS) {
    this.#retentionMs = retentionMs;
  }

  /** Partitions are not equally far: the newest is that which still moves. */
  working(timestampMs: number): void {
    this.#takenMs = Math.max(timestampMs, this.#takenMs ?? timestampMs);
  }

  isLate(nowMs: number): boolean {
    if (this.#takenMs === undefined) return false;
    const share = (nowMs - this.#takenMs) / this.#retentionMs;
    if (share >= LATE_SHARE) this.#isLate = true;
    else if (share < BACK_SHARE) this.#isLate = false;
    return this.#isLate;
  }
}
