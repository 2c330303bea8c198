export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Full jitter: between nothing and a bound that doubles, so that many who failed together do not come back together. */
export function backoffMs(attempt: number, { firstMs, maxMs }: BackoffLimits, random: () => number): number {
  return Math.ceil(random() * Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30)));
}
