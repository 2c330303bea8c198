import { ofMillion } from '../../spend/nano-usd.ts';
import type { Prices } from '../../spend/prices.ts';
import { likelyTokens } from '../likely-tokens.ts';
import type { CohereVersion } from './request.ts';

/** The setting of the price of a million tokens. */
const PRICE = { v3: 'cohere_v3_million_tokens_usd', v4: 'cohere_v4_million_tokens_usd' } as const;

/** What the model adds to each text of its own; so few bytes as a word has may be more tokens with it. */
const ADDED_TOKENS_MAX = 16;

/** The two with which it frames a text. */
const ADDED_TOKENS_LIKELY = 2;

export function embeddingNanoUsd(version: CohereVersion, tokens: number, prices: Prices): number {
  return ofMillion(tokens, prices[PRICE[version]]);
}

/** Before the call nobody knows the tokens of a text; apart from what the model adds it never has more than bytes. */
export function tokensBound(text: string): number {
  return Buffer.byteLength(text) + ADDED_TOKENS_MAX;
}

export function tokensLikely(text: string): number {
  return likelyTokens(text) + ADDED_TOKENS_LIKELY;
}

/**
 * The service counts the tokens of a call together: they are divided by the bytes of its texts, in whole tokens that add up
 * to it. Without a count each text has as many as it may have.
 */
export function tokensOfEach(texts: readonly string[], counted: number | undefined): readonly number[] {
  if (counted === undefined) return texts.map(tokensBound);
  const bytes = texts.map((text) => Buffer.byteLength(text));
  const all = bytes.reduce((sum, each) => sum + each, 0);
  let before = 0;
  let given = 0;
  return bytes.map((each) => {
    before += each;
    const upToHere = all === 0 ? counted : Math.round((counted * before) / all);
    const tokens = upToHere - given;
    given = upToHere;
    return tokens;
  });
}
