import { expect, test } from 'vitest';
import { DEFAULT_PRICES } from '../../spend/prices.ts';
import { documentNanoUsd } from './price.ts';

test.each([
  ['a short text costs three units', 'a', 300_000],
  ['300 characters cost the same', 'a'.repeat(300), 300_000],
  ['one more begins the next unit', 'a'.repeat(301), 400_000],
  ['characters are counted, not bytes and not UTF-16 units', '😀'.repeat(400), 400_000],
  ['a million short reviews are 300 dollars', 'x', 300_000_000_000_000 / 1_000_000_000],
])('%s', (_name, text, nanoUsd) => {
  expect(documentNanoUsd(text, DEFAULT_PRICES)).toBe(nanoUsd);
});
