// One stretch of the log on its way through one enrichment: what is looked at next, and what that says. Pure.

/** Offsets behind the last record, by partition. */
export type Ends = ReadonlyMap<number, bigint>;

export const sumOf = (ends: Ends): bigint => [...ends.values()].reduce((sum, end) => sum + end, 0n);

/** What lies on a topic, and what is owed to it, since some moment. */
export interface Balance {
  readonly records: bigint;
  readonly owed: number;
}

/** How many records are missing since then; below zero there are so many more, such as repeats. */
export const missingSince = (base: Balance, now: Balance): number =>
  now.owed - base.owed - Number(now.records - base.records);

/** Whether a group has finished everything up to there; `next` has what it wants next, by partition. */
export const isPast = (next: Ends, ends: Ends): boolean =>
  [...ends].every(([partition, end]) => (next.get(partition) ?? 0n) >= end);

/** Ends before which the broker still has something: what it has removed is not going to be written. */
export const stillKept = (ends: Ends, low: Ends): Ends =>
  new Map([...ends].filter(([partition, end]) => (low.get(partition) ?? 0n) < end));

export interface Window {
  /** Named by the last commit in it. */
  readonly commitLsn: bigint;
  readonly openedAtMs: number;
  readonly owed: number;
  /**
   * committed: the writer says that it is past, and the side tables do not have them; unwritten: at the next look, too. One look
   * alone may have come in between: the offsets were of a topic that has been made anew, say.
   */
  readonly stage: 'enriching' | 'writing' | 'committed' | 'unwritten';
  /** Of the topic that is finished next. */
  readonly ends: Ends;
}

export interface Sight {
  /** What the group of the stage wants next of its topic. */
  readonly next: Ends;
  /** Of the enriched topic. */
  readonly enriched: Ends;
  /** Changes that have no outcome, as the one before stands: as many as are on the topic less. */
  readonly unpaid: bigint;
  /** Whether the side tables have what the writer is past. */
  readonly isWritten: boolean;
}

export type Step =
  | { readonly kind: 'open'; readonly window: Window }
  /** So many outcomes are not on the topic although the enrichment is past. */
  | { readonly kind: 'closed'; readonly shortfall: number };

/** `base`: of the enriched topic. */
export function stepOf(window: Window, { next, enriched, unpaid, isWritten }: Sight, base: Balance): Step {
  const isFinished = isPast(next, window.ends);
  if (window.stage !== 'enriching') {
    if (isFinished && isWritten) return { kind: 'closed', shortfall: 0 };
    if (!isFinished) return { kind: 'open', window: { ...window, stage: 'writing' } };
    return {
      kind: 'open',
      window: { ...window, stage: window.stage === 'writing' ? 'committed' : 'unwritten' },
    };
  }
  if (!isFinished) return { kind: 'open', window };
  const shortfall = missingSince(base, { records: sumOf(enriched) + unpaid, owed: window.owed });
  if (shortfall > 0) return { kind: 'closed', shortfall };
  return { kind: 'open', window: { ...window, stage: 'writing', ends: enriched } };
}
