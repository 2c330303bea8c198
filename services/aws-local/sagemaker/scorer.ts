/** A stand-in for a trained model: fixed coefficients, the same answer to the same row for ever. See docs/aws-local.md. */
export interface Scorer {
  readonly features: number;
  /** A probability; a missing feature is NaN. */
  score(row: readonly number[]): number;
}

/** A probability with the seven digits that a 32-bit model would print. */
export function logistic(logit: number): number {
  return Number((1 / (1 + Math.exp(-logit))).toPrecision(7));
}

/** XGBoost has a branch for missing values; here they take the feature's neutral value. */
export function orNeutral(value: number | undefined, neutral: number): number {
  return value === undefined || Number.isNaN(value) ? neutral : value;
}
