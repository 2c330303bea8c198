import type { BatchLimits } from '../model.ts';
import type { CohereVersion } from './request.ts';

/** The service takes no more texts in a call. */
export const TEXTS_MAX = 96;

/**
 * v3 refuses texts of more than 2,048 characters and reads 512 tokens, which so many bytes of ordinary text are in no script; v4
 * reads far more, and a chunk of it is as large as one of Titan, because a shorter text is found better.
 */
const CHUNK_BYTES_MAX: Readonly<Record<CohereVersion, number>> = { v3: 1_500, v4: 8_000 };

/** As much as 96 chunks of v3: no more than 50,000 tokens at once from the quota of a minute. */
const CALL_BYTES_MAX = TEXTS_MAX * CHUNK_BYTES_MAX.v3;

/** Earlier than the client's own time-out, so that ours is the one that is named. */
export const DEADLINE_MS_DEFAULT = 15_000;

export function chunkBytesMax(version: CohereVersion): number {
  return CHUNK_BYTES_MAX[version];
}

export function batchLimits(batch: { readonly rows: number; readonly wait: number }): BatchLimits {
  return { rowsMax: Math.min(batch.rows, TEXTS_MAX), bytesMax: CALL_BYTES_MAX, waitMaxMs: batch.wait };
}
