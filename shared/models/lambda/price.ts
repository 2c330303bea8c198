import { ofMillion } from '../../spend/nano-usd.ts';
import type { Prices } from '../../spend/prices.ts';

const NANO_PER_USD = 1_000_000_000;
const MB_MS_PER_GB_SECOND = 1_024 * 1_000;

export interface FunctionSize {
  /** In milliseconds. */
  readonly timeout: number;
  readonly memory_mb: number;
  readonly architecture: 'x86_64' | 'arm64';
}

type LambdaPrices = Pick<
  Prices,
  'lambda_gb_second_usd' | 'lambda_arm_gb_second_usd' | 'lambda_million_requests_usd'
>;

/** The most that one call can cost, time-out x memory: how long it really took, no answer tells. */
export function callNanoUsd(
  { timeout, memory_mb, architecture }: FunctionSize,
  { lambda_gb_second_usd, lambda_arm_gb_second_usd, lambda_million_requests_usd }: LambdaPrices,
): number {
  const gbSecondUsd = architecture === 'arm64' ? lambda_arm_gb_second_usd : lambda_gb_second_usd;
  const gbSeconds = (timeout * memory_mb) / MB_MS_PER_GB_SECOND;
  return Math.ceil(gbSeconds * gbSecondUsd * NANO_PER_USD) + ofMillion(1, lambda_million_requests_usd);
}

/** What each of so many rows is charged of a call, whole nano-dollars that add up to it. */
export function sharesOf(nanoUsd: number, rows: number): readonly number[] {
  const least = Math.floor(nanoUsd / rows);
  const rest = nanoUsd - least * rows;
  return Array.from({ length: rows }, (_, place) => least + (place < rest ? 1 : 0));
}
