import { expect, test } from 'vitest';
import { parse } from '../../../shared/config/fixtures/small-definition.ts';
import { CENT, entry, NOON_MS } from './ledger-entry.test-support.ts';
import { costLines, formatUsd } from './lines.ts';
import { costReport } from './report.ts';

const text = `version: 1
pipeline: shop
sources: { notes: { table: public.notes }, payments: { table: public.payments } }
enrichments:
  mood: { from: notes, model: { kind: comprehend }, input: [body] }
  fraud: { from: payments, model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }, input: [amount], output: { score: float } }
budget: { daily_usd: 25, redo_daily_usd: 10 }
prices: { endpoint_hour_usd: { fraud-xgboost: 0.269 } }
`;
const { definition } = parse(text);
if (definition === undefined) throw new Error('the definition of this test is wrong');

test('today by purse, the month by enrichment, and what dead processes had reserved', () => {
  const entries = [
    entry({ day: '2026-10-31', spentNanoUsd: 900 * CENT }),
    entry({ day: '2026-11-20', spentNanoUsd: 200 * CENT, requests: 20 }),
    entry({ spentNanoUsd: 90 * CENT, presumedNanoUsd: 10 * CENT, leasedNanoUsd: 5 * CENT, requests: 9 }),
    entry({ purse: 'redo', spentNanoUsd: 50 * CENT, requests: 5 }),
  ];
  const report = costReport({ atMs: NOON_MS, entries }, definition);
  expect(report.today).toEqual([
    { purse: 'live', spent_usd: 1, presumed_usd: 0.1, reserved_usd: 0.05, limit_usd: 25 },
    { purse: 'redo', spent_usd: 0.5, presumed_usd: 0, reserved_usd: 0, limit_usd: 10 },
  ]);
  expect(report.month).toEqual({ spent_usd: 3.5, presumed_usd: 0.1 });
  expect(report.enrichments).toMatchObject([
    { enrichment: 'mood', today_usd: 1.5, spent_usd: 3.5, requests: 34 },
  ]);
});

test('the forecast goes on as the whole days of late did, with what is paid by the hour beside it', () => {
  const entries = [
    entry({ day: '2026-11-10', spentNanoUsd: 500 * CENT }),
    entry({ day: '2026-11-19', spentNanoUsd: 100 * CENT }),
    entry({ day: '2026-11-20', spentNanoUsd: 300 * CENT }),
    entry({ spentNanoUsd: 100 * CENT }),
  ];
  const { forecast } = costReport({ atMs: NOON_MS, entries }, definition);
  // $2 a day for the nine and a half days that are left, and $10 so far.
  expect(forecast).toEqual({
    per_day_usd: 2,
    calls_usd: 29,
    by_the_hour: [
      { what: 'endpoint fraud-xgboost', usd: 196.37 },
      { what: 'Aurora capacity', usd: 43.8 },
    ],
    unpriced: [],
    total_usd: 269.17,
  });
});

test('an endpoint whose price nobody knows is named, not left out in silence', () => {
  const prices = { ...definition.prices, endpoint_hour_usd: {} };
  const report = costReport({ atMs: NOON_MS, entries: [] }, { ...definition, prices });
  expect(report.forecast.unpriced).toEqual(['fraud-xgboost']);
  expect(costLines(report)).toContain(
    '  endpoint fraud-xgboost, by the hour: price unknown and not in the sum; write it under prices.endpoint_hour_usd',
  );
});

test('on the first day its own hours are all there is to go by', () => {
  const { forecast } = costReport(
    { atMs: NOON_MS, entries: [entry({ spentNanoUsd: 100 * CENT })] },
    definition,
  );
  expect(forecast.per_day_usd).toBe(2);
});

test('savings: found in a cache, not asked again, and left out at the price of an average row', () => {
  const entries = [
    entry({
      spentNanoUsd: 2 * CENT,
      requests: 2,
      cachedRequests: 1,
      cachedNanoUsd: CENT,
      unchangedRows: 3,
      unchangedNanoUsd: 3 * CENT,
      filteredRows: 10,
    }),
    entry({ enrichment: 'fraud', table: 'public.payments', filteredRows: 50 }),
  ];
  const { saved } = costReport({ atMs: NOON_MS, entries }, definition);
  expect(saved).toEqual({ cache_usd: 0.01, unchanged_usd: 0.03, filter_usd: 0.1 });
});

test('as lines', () => {
  const entries = [entry({ spentNanoUsd: 90 * CENT, presumedNanoUsd: 10 * CENT, requests: 9 })];
  const lines = costLines(costReport({ atMs: NOON_MS, entries }, definition));
  expect(lines).toContain('  changes: $1.00 of $25.00 ($0.10 presumed: processes that died)');
  expect(lines).toContain('  endpoint fraud-xgboost, by the hour: $196.37');
  expect(
    costLines(costReport({ atMs: NOON_MS + 300 * 86_400_000, entries: [] }, definition)).at(-1),
  ).toContain('Warning: Prices are those of 2026-11-01');
});

test.each([
  [0, '$0.00'],
  [0.0003, '$0.00030'],
  [1234.5, '$1,234.50'],
])('%d dollars are %s', (usd, shown) => {
  expect(formatUsd(usd)).toBe(shown);
});
