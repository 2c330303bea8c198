import type { BatchLimits } from '../model.ts';

/** The service takes 6 MB either way; the difference is room for a smaller proxy in between. */
export const BYTES_MAX = 6_000_000;
/** The longest text of a number, -2.2250738585072014e-308, and its separator. */
export const NUMBER_BYTES_MAX = 25;
/** What stands around a row's numbers, its key among it, and between two rows. */
export const ROW_BYTES_MAX = '{"key":"01234567-00000","features":[]},'.length;

/** No function may take longer. */
export const TIMEOUT_MAX_MS = 900_000;
/** A cold start has up to 10 s of its own before the function's time-out begins; the rest is the way there and back. */
const BEFORE_TIMEOUT_MS = 15_000;
/** Later than our deadline, so that ours is the one that is named. */
const BEHIND_DEADLINE_MS = 5_000;

/** By then the service itself has said that the function took too long: nothing more will come. */
export function deadlineMs(timeoutMs: number): number {
  return timeoutMs + BEFORE_TIMEOUT_MS;
}

/** How long the client waits for an answer. */
export function requestTimeoutMs(timeoutMs: number): number {
  return deadlineMs(timeoutMs) + BEHIND_DEADLINE_MS;
}

export function batchLimits(batch: { readonly rows: number; readonly wait: number }): BatchLimits {
  return { rowsMax: batch.rows, bytesMax: BYTES_MAX, waitMaxMs: batch.wait };
}
