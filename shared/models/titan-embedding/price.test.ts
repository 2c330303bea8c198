import { expect, test } from 'vitest';
import { DEFAULT_PRICES } from '../../spend/prices.ts';
import { embeddingBoundNanoUsd, embeddingNanoUsd } from './price.ts';

const V1 = 'amazon.titan-embed-text-v1';
const V2 = 'amazon.titan-embed-text-v2:0';

test('a token of V2 is 20 nano-dollars, one of V1 100', () => {
  expect(embeddingNanoUsd(V2, 300, DEFAULT_PRICES)).toBe(6_000);
  expect(embeddingNanoUsd(V1, 300, DEFAULT_PRICES)).toBe(30_000);
});

test('before the call the bytes of a text stand for its tokens', () => {
  expect(embeddingBoundNanoUsd(V2, 'müde', DEFAULT_PRICES)).toBe(100);
});

test('a price with fractions of a nano-dollar is rounded up', () => {
  const prices = { ...DEFAULT_PRICES, titan_v2_million_tokens_usd: 0.0125 };
  expect(embeddingNanoUsd(V2, 1, prices)).toBe(13);
  expect(embeddingNanoUsd(V2, 2, prices)).toBe(25);
});
