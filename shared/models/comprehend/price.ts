import { codePoints } from '../characters.ts';

const UNIT_CHARACTERS = 100;
/** However short the text. */
const UNITS_MIN = 3;
/** $0.0001, the first tier. */
const UNIT_NANO_USD = 100_000;

/** Of one document, for sentiment and for detection alike: a call is billed as its documents are. */
export function documentNanoUsd(text: string): number {
  return Math.max(UNITS_MIN, Math.ceil(codePoints(text) / UNIT_CHARACTERS)) * UNIT_NANO_USD;
}
