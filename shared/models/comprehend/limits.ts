import type { BatchLimits } from '../model.ts';

/** The service refuses more. */
export const DOCUMENTS_MAX = 25;
/** UTF-8; the documentation says 5 KB, and 5,001 bytes are refused, all other documents of the call with them. */
export const DOCUMENT_BYTES_MAX = 5_000;
/** The least that is billed: more of the text would cost more and hardly tell more of its language. */
export const DETECTION_CHARACTERS_MAX = 300;
/** Below this the service itself does not trust its detection. */
export const DETECTION_CHARACTERS_MIN = 20;
/** Earlier than the client's own time-out, so that ours is the one that is named. */
export const DEADLINE_MS_DEFAULT = 15_000;

export function batchLimits(batch: { readonly rows: number; readonly wait: number }): BatchLimits {
  const rowsMax = Math.min(batch.rows, DOCUMENTS_MAX);
  return { rowsMax, bytesMax: rowsMax * DOCUMENT_BYTES_MAX, waitMaxMs: batch.wait };
}
