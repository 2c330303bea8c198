import { intervalByLoad } from '../../shared/batching/interval-by-load.ts';
import { Spacing } from '../../shared/batching/spacing.ts';
import type { Model } from '../../shared/models/model.ts';

/** Fetched and not yet taken. */
export const FETCHED = { rowsMax: 1_000, bytesMax: 8 * 1_048_576 };
/**
 * How far fetches are apart while little comes. A look into the shared cache, a call and what is kept of its answer cost the same for one row as
 * for ten, and a model that is paid by the call takes longer by itself; an endpoint of one's own is there to answer at once.
 */
const PAID_FETCH_INTERVAL_MS = 50;
const FETCH_INTERVAL = { leastMs: 0, busyMs: 20 };
/** Answers of paid calls come back one by one, and a send costs the broker and its readers the same with one as with ten. */
const PAID_SEND_INTERVAL_MS = 20;
/** With fewer a send is worth waiting for more of them. */
const FEW_ROWS = 20;

type PaidOrNot = Pick<Model, 'isPaidPerCall'>;

export function fetchInterval({ isPaidPerCall }: PaidOrNot): () => number {
  return isPaidPerCall ? () => PAID_FETCH_INTERVAL_MS : intervalByLoad(FETCH_INTERVAL);
}

export function sendSpacing({ isPaidPerCall }: PaidOrNot): Spacing {
  return new Spacing(isPaidPerCall ? PAID_SEND_INTERVAL_MS : 0);
}

export const areFew = (rows: readonly unknown[]): boolean => rows.length < FEW_ROWS;
