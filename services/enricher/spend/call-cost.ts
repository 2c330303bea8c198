import type { Fault } from '../../../shared/errors/policy.ts';
import type { Outcome } from '../../../shared/models/model.ts';

/** What an answered call cost: its refused items are billed where their model says so. */
export function answeredNanoUsd(outcomes: readonly Outcome<unknown>[]): number {
  return outcomes.reduce((sum, { costNanoUsd = 0 }) => sum + costNanoUsd, 0);
}

/** No connection came about, so nothing can have been answered. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The model worked and somebody on the way lost patience: the model's own time-out, and a gateway's. */
const TIMED_OUT = new Set([408, 504]);

/**
 * Whether a call that brought no answer may have been billed: a time-out, a broken connection and an answer that nobody
 * understands may. A service that says no has said that it did nothing.
 */
export function mayBeBilled({ kind, code, httpStatus }: Fault): boolean {
  if (httpStatus !== undefined) return httpStatus < 300 || TIMED_OUT.has(httpStatus);
  if (kind === 'unavailable') return !NEVER_SENT.has(code);
  return kind === 'contract' || kind === 'unknown';
}
