import { nanoUsdOf } from '../../spend/nano-usd.ts';
import type { Prices } from '../../spend/prices.ts';
import { codePoints } from '../characters.ts';

const UNIT_CHARACTERS = 100;
/** However short the text. */
const UNITS_MIN = 3;

/** Of one document, for sentiment and for detection alike: a call is billed as its documents are. */
export function documentNanoUsd(
  text: string,
  { comprehend_unit_usd: unitUsd }: Pick<Prices, 'comprehend_unit_usd'>,
): number {
  return charactersNanoUsd(codePoints(text), { comprehend_unit_usd: unitUsd });
}

export function charactersNanoUsd(
  characters: number,
  { comprehend_unit_usd: unitUsd }: Pick<Prices, 'comprehend_unit_usd'>,
): number {
  return Math.max(UNITS_MIN, Math.ceil(characters / UNIT_CHARACTERS)) * nanoUsdOf(unitUsd);
}
