// How far the slot is from being lost, as a share of what the server keeps for it: the bytes left go below zero before the
// loss, so an alarm on zero would come too late. docs/operations.md says what to do in each state.

export const WAL_SAFETY_STATES = ['ok', 'warning', 'critical', 'last_chance'] as const;
export type WalSafety = (typeof WAL_SAFETY_STATES)[number];

/** Redo goes first: what it reads makes more work for everybody, and can be read later just as well. */
export const hasRoomForRedo = (safety: WalSafety): boolean => safety === 'ok' || safety === 'warning';

export interface WalFacts {
  readonly walStatus: string | null;
  /** What may still be written before the slot is lost; null: no limit. */
  readonly safeBytes: number | null;
  /** max_slot_wal_keep_size; null: no limit, so that the disk is the limit. */
  readonly budgetBytes: number | null;
  /** What the server keeps for the slot now. */
  readonly restartLagBytes: number;
}

const WARNING_SHARE = 0.5;
const CRITICAL_SHARE = 0.25;
const LAST_CHANCE_SHARE = 0.1;

/** Without a limit nobody knows the budget: what a small disk may just bear, and what is certainly a fault. */
const UNLIMITED_WARNING_BYTES = 10 * 1_073_741_824;
const UNLIMITED_CRITICAL_BYTES = 50 * 1_073_741_824;

export function walSafety({ walStatus, safeBytes, budgetBytes, restartLagBytes }: WalFacts): WalSafety {
  if (walStatus === 'unreserved' || walStatus === 'lost') return 'last_chance';
  if (safeBytes === null || budgetBytes === null || budgetBytes <= 0) {
    if (restartLagBytes >= UNLIMITED_CRITICAL_BYTES) return 'critical';
    return restartLagBytes >= UNLIMITED_WARNING_BYTES ? 'warning' : 'ok';
  }
  const left = safeBytes / budgetBytes;
  if (left <= LAST_CHANCE_SHARE) return 'last_chance';
  if (left <= CRITICAL_SHARE) return 'critical';
  return left <= WARNING_SHARE ? 'warning' : 'ok';
}
