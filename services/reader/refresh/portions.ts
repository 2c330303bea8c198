// How the rows of an enrichment with `refresh` are spread over its period. Pure.

/** A period is looked at in so many steps, so that no step is much work. */
const STEPS = 100;
/** Each step is a look through the outcomes and a job that is remembered for a month. */
const STEP_MIN_MS = 60_000;
/** However short the period. */
const STEPS_MIN = 4;
/** Faster than rows age, so that what an outage left behind is made up for; rows that came all at once take half a period. */
const CATCHING_UP = 2;

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
