// How much money a process may take at once, so that all of them together never spend more than the limit. Pure.

/** live: changes as they come. redo: everything that is read again. shadow: whatever a model takes that does not count yet. */
export const PURSES = ['live', 'redo', 'shadow'] as const;
export type Purse = (typeof PURSES)[number];

export interface PurseLimits {
  /** Of a day. */
  readonly limitNanoUsd: number;
  /** By enrichment: part of the limit that nobody else may spend. */
  readonly reservedNanoUsd: Readonly<Record<string, number>>;
}

/** Of one enrichment, today. */
export interface PurseUse {
  readonly enrichment: string;
  /** Said to be spent, or presumed because its lease has expired. */
  readonly spentNanoUsd: number;
  /** Taken by processes that will say what they spent of it. */
  readonly leasedNanoUsd: number;
}

export interface LeaseWish {
  readonly enrichment: string;
  /** Below this not even one row can be sent. */
  readonly leastNanoUsd: number;
  /** For about a second. */
  readonly wantedNanoUsd: number;
}

export type LeaseDecision =
  | { readonly kind: 'granted'; readonly nanoUsd: number }
  /** Others may still return what they do not need. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'spent' };

/** So many processes can die at once without much of a day's money going with them, and the last rows come out even. */
const SHARE_OF_REST_MAX = 0.01;

export function decideLease(
  limits: PurseLimits | undefined,
  uses: readonly PurseUse[],
  { enrichment, leastNanoUsd, wantedNanoUsd }: LeaseWish,
): LeaseDecision {
  if (limits === undefined) return { kind: 'granted', nanoUsd: Math.max(leastNanoUsd, wantedNanoUsd) };
  const now = restNanoUsd(
    limits,
    uses,
    enrichment,
    ({ spentNanoUsd, leasedNanoUsd }) => spentNanoUsd + leasedNanoUsd,
  );
  if (now >= leastNanoUsd) {
    const most = Math.max(leastNanoUsd, Math.floor(now * SHARE_OF_REST_MAX));
    return { kind: 'granted', nanoUsd: Math.min(most, Math.max(leastNanoUsd, wantedNanoUsd)) };
  }
  const best = restNanoUsd(limits, uses, enrichment, ({ spentNanoUsd }) => spentNanoUsd);
  return { kind: best >= leastNanoUsd ? 'wait' : 'spent' };
}

/** With less of a day's money the rows that had none would only be told so again. */
const FULL_SHARE_MIN = 0.5;

/** Whether most of what this enrichment may spend of a day is there, as it is when a day begins or a limit was raised. */
export function isFull(
  limits: PurseLimits | undefined,
  uses: readonly PurseUse[],
  enrichment: string,
): boolean {
  if (limits === undefined) return true;
  const whole = restNanoUsd(limits, [], enrichment);
  return whole > 0 && restNanoUsd(limits, uses, enrichment) >= FULL_SHARE_MIN * whole;
}

/** What is left of the limit for this enrichment, once what is reserved for others is set aside. */
export function restNanoUsd(
  { limitNanoUsd, reservedNanoUsd }: PurseLimits,
  uses: readonly PurseUse[],
  enrichment: string,
  usedOf: (use: PurseUse) => number = ({ spentNanoUsd }) => spentNanoUsd,
): number {
  const used = new Map(uses.map((use) => [use.enrichment, usedOf(use)]));
  const spent = [...used.values()].reduce((sum, nanoUsd) => sum + nanoUsd, 0);
  const setAside = Object.entries(reservedNanoUsd)
    .filter(([name]) => name !== enrichment)
    .reduce((sum, [name, nanoUsd]) => sum + Math.max(0, nanoUsd - (used.get(name) ?? 0)), 0);
  return limitNanoUsd - spent - setAside;
}
