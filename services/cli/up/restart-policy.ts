/** What to do after a service has ended by itself. */
export type RestartDecision =
  | { readonly action: 'restart'; readonly waitMs: number }
  | { readonly action: 'stay_down' };

/** An end this soon after the start says that starting again will most likely end the same way. */
const QUICK_END_MS = 10_000;
const QUICK_ENDS_MAX = 3;
/** A row that ends its enricher is isolated by the fifth end; only then it is known whether that helped. */
const DEFECT_QUICK_ENDS_MAX = 7;
const DEFECT_STATUS = 70;
const FIRST_WAIT_MS = 500;
const WAIT_MAX_MS = 30_000;

/** Usage or definition, and refused: starting again changes nothing about either. */
const HOPELESS_STATUSES = new Set([2, 4]);

/** Pure: only the ends are told to it. After a few quick ends in a row the service stays down until someone looks. */
export class RestartPolicy {
  #quickEnds = 0;

  decide(livedMs: number, status: number | null): RestartDecision {
    if (status !== null && HOPELESS_STATUSES.has(status)) return { action: 'stay_down' };
    this.#quickEnds = livedMs < QUICK_END_MS ? this.#quickEnds + 1 : 0;
    const quickEndsMax = status === DEFECT_STATUS ? DEFECT_QUICK_ENDS_MAX : QUICK_ENDS_MAX;
    if (this.#quickEnds >= quickEndsMax) return { action: 'stay_down' };
    return { action: 'restart', waitMs: Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** this.#quickEnds) };
  }
}
