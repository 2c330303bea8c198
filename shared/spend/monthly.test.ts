import { expect, test } from 'vitest';
import { AURORA_FLOOR, HOURS_PER_MONTH, type MonthlyTraffic, monthlyItems } from './monthly.ts';
import { usdOf } from './nano-usd.ts';
import { DEFAULT_PRICES } from './prices.ts';

const MILLION = 1_000_000;
const DAYS = 30;
const short = { texts: MILLION, charactersEach: 80, detected: 0 };
const aurora = { acuHours: 0, storedGb: 0, ios: 0 };
const usdPerMonth = (traffic: MonthlyTraffic, prices = DEFAULT_PRICES): number =>
  usdOf(monthlyItems(traffic, prices).reduce((sum, { nanoUsd }) => sum + nanoUsd, 0));

test.each<[string, MonthlyTraffic, number]>([
  ['a million short reviews', { sentiment: short }, 300],
  ['the same with language detection', { sentiment: { ...short, detected: MILLION } }, 600],
  ['100,000 texts of 300 tokens as vectors', { embeddingTokens: 100_000 * 300 }, 0.6],
  ['a thousand of them a day', { embeddingTokens: 1_000 * DAYS * 300 }, 0.18],
  [
    '20 questions a day of 4,000 tokens, all of them read',
    { textTokens: { input: 20 * DAYS * 4_000, output: 0 } },
    7.2,
  ],
  ['all of them written', { textTokens: { input: 0, output: 20 * DAYS * 4_000 } }, 36],
  ['22 reviews of plans', { textTokens: { input: 22 * 10_000, output: 22 * 1_000 } }, 0.99],
  ['two capacity units all month', { aurora: { ...aurora, acuHours: 2 * HOURS_PER_MONTH } }, 175.2],
  ['10 hours a day at 8 and 14 at 2', { aurora: { ...aurora, acuHours: (10 * 8 + 14 * 2) * DAYS } }, 388.8],
  ['a hundred gigabytes and a million I/Os', { aurora: { acuHours: 0, storedGb: 100, ios: MILLION } }, 10.2],
  ['the least that an Aurora with a slot is awake', { aurora: AURORA_FLOOR }, 43.8],
  ['nothing', {}, 0],
])('a month of %s', (_what, traffic, usd) => {
  expect(usdPerMonth(traffic)).toBeCloseTo(usd, 6);
});

test('an endpoint is paid by the hour, where its price is known', () => {
  const prices = { ...DEFAULT_PRICES, endpoint_hour_usd: { 'fraud-xgboost': 0.269 } };
  const endpointHours = { 'fraud-xgboost': HOURS_PER_MONTH, 'churn-xgboost': HOURS_PER_MONTH };
  expect(monthlyItems({ endpointHours }, prices)).toEqual([
    { what: 'endpoint fraud-xgboost', nanoUsd: 196_370_000_000 },
  ]);
});

test('an hour at $0.48 is four capacity units', () => {
  expect(usdPerMonth({ aurora: { ...aurora, acuHours: 4 } })).toBeCloseTo(0.48, 9);
});
