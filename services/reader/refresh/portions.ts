// How the rows of an enrichment with `refresh` are spread over its period. Pure.

/** A period is looked at in so many steps, so that no step is much work. */
const STEPS = 100;
/** Each step is a look through the outcomes and a job that is remembered for a month. */
const STEP_MIN_MS = 60_000;
/** However short the period. */
const STEPS_MIN = 4;
/** Faster than rows age, so that what an outage left behind is made up for; rows that came all at once take half a period. */
const CATCHING_UP = 2;

/** Of one job, so that no statement that lists them lasts. */
export const KEYS_MAX = 100_000;
/** Periods: what a first load or an hour of outage leaves behind is made up for before. */
const LATE = 2;

export interface Portion {
  /** How long after the job before it the next one may be made. */
  readonly stepMs: number;
  /** Of all rows with an outcome, how many it may have. */
  readonly share: number;
}

export function portionOf(everyMs: number): Portion {
  const stepMs = Math.max(everyMs / STEPS, Math.min(STEP_MIN_MS, everyMs / STEPS_MIN));
  return { stepMs, share: Math.min(1, (CATCHING_UP * stepMs) / everyMs) };
}

/** How long after a job of so many rows the next one may be made: sooner than a step where it could not have its share of `rows`. */
export function waitMs({ stepMs, share }: Portion, jobRows: number, rows: number): number {
  return jobRows < KEYS_MAX ? stepMs : stepMs * Math.min(1, KEYS_MAX / Math.max(1, share * rows));
}

/** Rows age faster than they are scored again. */
export const isLate = (oldestMs: number, everyMs: number): boolean => oldestMs > LATE * everyMs;
