// Money is whole nano-dollars from the definition to the ledger: sums of fractions would drift.

const NANO_PER_USD = 1_000_000_000;

/** More than nine million dollars are no limit that anything here could reach. */
export function nanoUsdOf(usd: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.round(usd * NANO_PER_USD));
}

export function usdOf(nanoUsd: number): number {
  return nanoUsd / NANO_PER_USD;
}

/** Of a price per million pieces, rounded up: what is reserved must not be too little. */
export function ofMillion(pieces: number, millionUsd: number): number {
  return Math.ceil((pieces * nanoUsdOf(millionUsd)) / 1_000_000);
}
