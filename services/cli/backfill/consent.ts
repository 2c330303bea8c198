import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { usdOf } from '../../../shared/spend/nano-usd.ts';
import { formatUsd } from '../cost/lines.ts';
import type { Invocation } from '../invocation.ts';
import { isConfirmed } from '../question.ts';

/** More rows than this cost time and perhaps money: somebody has to agree. */
const ASKS_ABOVE_ROWS = 100_000;
/** A dollar. */
const ASKS_ABOVE_NANO_USD = 1_000_000_000;

export interface WantedRedo {
  readonly rows: number;
  /** About what calls for them will cost. */
  readonly nanoUsd: number;
  /** The rows, in words: '3 failed rows'. */
  readonly what: string;
  /** What becomes of them, in words. */
  readonly consequence: string;
}

/** @throws AfterglowError consent_missing */
export async function requireConsent(
  invocation: Invocation,
  { rows, nanoUsd, what, consequence }: WantedRedo,
): Promise<void> {
  if (rows <= ASKS_ABOVE_ROWS && nanoUsd <= ASKS_ABOVE_NANO_USD) return;
  const priced = nanoUsd > 0 ? `${what}, for about ${formatUsd(usdOf(nanoUsd))},` : what;
  if (await isConfirmed(invocation, `${priced} ${consequence}. Go on?`)) return;
  throw new AfterglowError('consent_missing', `${priced} would be read again; nobody agreed to that many.`);
}
