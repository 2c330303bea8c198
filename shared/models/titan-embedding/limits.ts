import type { BatchLimits } from '../model.ts';

/**
 * The service takes 8,192 tokens of a text. A token has at least one byte, so this many bytes are never too many tokens in
 * any language; the difference is room for the tokens that the model adds itself.
 */
export const CHUNK_BYTES_MAX = 8_000;
/** Earlier than the client's own time-out, so that ours is the one that is named. */
export const DEADLINE_MS_DEFAULT = 15_000;

/** One text a call: many calls at once, not many texts in one, make it fast. */
export const BATCH_LIMITS: BatchLimits = { rowsMax: 1, bytesMax: CHUNK_BYTES_MAX, waitMaxMs: 0 };
