import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_PRICES } from '../../spend/prices.ts';
import { embeddingNanoUsd, tokensBound, tokensLikely, tokensOfEach } from './price.ts';

test('a token of v3 is 100 nano-dollars, one of v4 120', () => {
  expect(embeddingNanoUsd('v3', 300, DEFAULT_PRICES)).toBe(30_000);
  expect(embeddingNanoUsd('v4', 300, DEFAULT_PRICES)).toBe(36_000);
});

test('before the call the bytes of a text stand for its tokens, and room for those that the model adds', () => {
  expect(tokensBound('müde')).toBe(5 + 16);
  expect(tokensOfEach(['müde', 'x'], undefined)).toEqual([21, 17]);
});

test('what is likely is far below that, and never above', () => {
  const text = 'An ordinary sentence of a review, neither short nor long.';
  expect(tokensLikely(text)).toBeGreaterThan(10);
  expect(tokensLikely(text)).toBeLessThan(tokensBound(text) / 3);
});

test('the tokens of texts are whole, go with their bytes, and add up to what the service counted', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 96 }), fc.nat(100_000), (texts, counted) => {
      const tokens = tokensOfEach(texts, counted);
      const bytes = texts.map((text) => Buffer.byteLength(text));
      const all = bytes.reduce((sum, each) => sum + each, 0);
      if (all === 0) return;
      expect(tokens.reduce((sum, each) => sum + each, 0)).toBe(counted);
      for (const [place, each] of tokens.entries()) {
        expect(Number.isInteger(each)).toBe(true);
        expect(Math.abs(each - (counted * (bytes[place] ?? 0)) / all)).toBeLessThanOrEqual(1);
      }
    }),
    { seed: 7 },
  );
});
