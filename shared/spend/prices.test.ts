import { expect, test } from 'vitest';
import { BASE, parse, told } from '../config/fixtures/small-definition.ts';
import { nanoUsdOf, ofMillion } from './nano-usd.ts';
import { DEFAULT_PRICES, oldPricesText } from './prices.ts';

test('what the definition says of a price wins over what is shipped', () => {
  const { definition } = parse(`${BASE}prices: { as_of: 2026-12-01, comprehend_unit_usd: 0.00005 }\n`);
  expect(definition?.prices).toEqual({
    ...DEFAULT_PRICES,
    as_of: '2026-12-01',
    comprehend_unit_usd: 0.00005,
  });
  expect(parse(BASE).definition?.prices).toEqual(DEFAULT_PRICES);
});

test('a misspelt price and a day that is none are mistakes with their lines', () => {
  expect(told(`${BASE}prices: { comprehend_unit_us: 1 }\n`)).toEqual([
    '22:11 prices.comprehend_unit_us: there is no such setting here -> comprehend_unit_usd',
  ]);
  expect(told(`${BASE}prices: { as_of: yesterday }\n`)[0]).toContain('prices.as_of');
});

test('prices that nobody looked at for half a year say so, with their day and source', () => {
  const atMs = Date.parse('2026-11-01');
  expect(oldPricesText(DEFAULT_PRICES, atMs + 180 * 86_400_000)).toBeUndefined();
  expect(oldPricesText(DEFAULT_PRICES, atMs + 181 * 86_400_000)).toContain('2026-11-01');
});

test('dollars become whole nano-dollars, parts of them are rounded up', () => {
  expect(nanoUsdOf(0.0001)).toBe(100_000);
  expect(nanoUsdOf(1_000_000_000)).toBe(Number.MAX_SAFE_INTEGER);
  expect(ofMillion(1, 0.0125)).toBe(13);
});
