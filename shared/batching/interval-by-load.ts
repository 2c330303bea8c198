import { type EventLoopUtilization, performance } from 'node:perf_hooks';

export interface LoadInterval {
  readonly leastMs: number;
  /** Of a loop that never rests; one that rests half of the time takes half of it. */
  readonly busyMs: number;
}

/** Of what is measured between two questions, so much counts at once: single turns are short. */
const WEIGHT = 1 / 8;

/**
 * How long to gather before the next turn: the busier the event loop was of late, the longer, since whoever waits for a busy
 * machine waits anyway, and what goes together costs it less. A loop that waits for a processor which others have counts as busy.
 */
export function intervalByLoad(
  { leastMs, busyMs }: LoadInterval,
  measure: (since?: EventLoopUtilization) => EventLoopUtilization = measured,
): () => number {
  let last = measure();
  let busy = 0;
  return () => {
    const { utilization } = measure(last);
    last = measure();
    busy += WEIGHT * (utilization - busy);
    return Math.max(leastMs, busyMs * busy);
  };
}

function measured(since?: EventLoopUtilization): EventLoopUtilization {
  const now = performance.eventLoopUtilization();
  return since === undefined ? now : performance.eventLoopUtilization(now, since);
}
