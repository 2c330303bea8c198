import type { BatchLimits } from '../model.ts';

/** The XGBoost container's own ceiling is 6,291,456 bytes; the difference is room for a smaller proxy in between. */
export const BYTES_MAX = 6_000_000;
/** The longest text of a number, -2.2250738585072014e-308, and its separator. */
export const NUMBER_BYTES_MAX = 25;
/** What stands around a row's numbers in the longest form, JSON, and between two rows. */
export const ROW_BYTES_MAX = '{"features":[]},'.length;
export const ROWS_MAX_DEFAULT = 100;
export const WAIT_MAX_MS_DEFAULT = 10;
/** A container has 60 s to answer, after which SageMaker itself says so; then nothing more will come. */
export const DEADLINE_MS_DEFAULT = 65_000;

export function batchLimits(
  batch: { readonly rows?: number | undefined; readonly wait?: number | undefined } | undefined,
): BatchLimits {
  return {
    rowsMax: batch?.rows ?? ROWS_MAX_DEFAULT,
    bytesMax: BYTES_MAX,
    waitMaxMs: batch?.wait ?? WAIT_MAX_MS_DEFAULT,
  };
}
