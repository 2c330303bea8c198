import { expect, test } from 'vitest';
import { parse } from '../../../shared/config/fixtures/small-definition.ts';
import type { LedgerEntry } from '../../../shared/side-tables/ledger-entries.ts';
import { CENT, entry, NOON_MS } from './ledger-entry.test-support.ts';
import { spendText, spendToday } from './spend-today.ts';

const definitionOf = (budget: string) => {
  const { definition } = parse(`version: 1
pipeline: shop
sources: { notes: { table: public.notes }, payments: { table: public.payments } }
enrichments:
  mood: { from: notes, model: { kind: comprehend }, input: [body] }
  topics: { from: notes, model: { kind: comprehend }, input: [body] }
  fraud: { from: payments, model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }, input: [amount], output: { score: float } }
${budget}
`);
  if (definition === undefined) throw new Error('the definition of this test is wrong');
  return definition;
};

const today = (budget: string, entries: readonly LedgerEntry[]) => {
  const definition = definitionOf(budget);
  return spendToday({ atMs: NOON_MS, entries }, definition, definition.budget);
};

test('of each enrichment that is paid by the call: what it spent today of each purse, and what all of them did', () => {
  const spends = today('budget: { daily_usd: 1, redo_daily_usd: 10 }', [
    entry({ day: '2026-11-20', spentNanoUsd: 99 * CENT }),
    entry({ spentNanoUsd: 4 * CENT, presumedNanoUsd: CENT }),
    entry({ enrichment: 'topics', spentNanoUsd: 20 * CENT }),
    entry({ purse: 'redo', spentNanoUsd: 50 * CENT }),
  ]);
  const none = { spent_usd: 0, share: 0, over_budget: false };
  expect(spends).toEqual([
    {
      enrichment: 'mood',
      purse: 'live',
      spent_usd: 0.05,
      limit_usd: 1,
      share: 0.05,
      purse_share: 0.25,
      over_budget: false,
    },
    {
      enrichment: 'mood',
      purse: 'redo',
      spent_usd: 0.5,
      limit_usd: 10,
      share: 0.05,
      purse_share: 0.05,
      over_budget: false,
    },
    {
      enrichment: 'topics',
      purse: 'live',
      spent_usd: 0.2,
      limit_usd: 1,
      share: 0.2,
      purse_share: 0.25,
      over_budget: false,
    },
    { enrichment: 'topics', purse: 'redo', ...none, limit_usd: 10, purse_share: 0.05 },
  ]);
  expect(spendText(spends.slice(0, 2))).toBe(
    'today $0.05 of $1.00 for changes (5 %, with others 25 %), $0.50 of $10.00 for redo (5 %)',
  );
});

test.each<[string, string, Partial<LedgerEntry>, boolean]>([
  [
    'something is left',
    '{ daily_usd: 1 }',
    { spentNanoUsd: 90 * CENT, reservedNanoUsd: 90 * CENT, requests: 90 },
    false,
  ],
  [
    'nothing is left',
    '{ daily_usd: 1 }',
    { spentNanoUsd: 100 * CENT, reservedNanoUsd: 100 * CENT, requests: 100 },
    true,
  ],
  [
    'less is left than a request takes',
    '{ daily_usd: 1 }',
    { spentNanoUsd: 99 * CENT, reservedNanoUsd: 198 * CENT, requests: 99 },
    true,
  ],
  ['what is presumed is gone, too', '{ daily_usd: 1 }', { presumedNanoUsd: 100 * CENT }, true],
  [
    'what is reserved for others is not there',
    '{ daily_usd: 1, reserved_usd: { topics: 0.5 } }',
    { spentNanoUsd: 50 * CENT },
    true,
  ],
  [
    'what is reserved for it is there',
    '{ daily_usd: 1, reserved_usd: { mood: 0.5 } }',
    { spentNanoUsd: 50 * CENT },
    false,
  ],
])('over budget: %s', (_what, budget, changes, isOver) => {
  expect(today(`budget: ${budget}`, [entry(changes)])[0]).toMatchObject({
    enrichment: 'mood',
    over_budget: isOver,
  });
});

test('without a purse of their own, redo and shadow are paid as changes are', () => {
  expect(
    today('budget: { daily_usd: 1 }', []).map(({ enrichment, purse }) => `${enrichment} ${purse}`),
  ).toEqual(['mood live', 'topics live']);
});

test('without a budget what was spent is shown, and nothing else', () => {
  const spends = today('', [entry({ filteredRows: 9 }), entry({ purse: 'redo', spentNanoUsd: CENT })]);
  expect(spends).toEqual([
    {
      enrichment: 'mood',
      purse: 'redo',
      spent_usd: 0.01,
      limit_usd: null,
      share: null,
      purse_share: null,
      over_budget: false,
    },
  ]);
  expect(spendText(spends)).toBe('today $0.01 for redo, without a limit');
});

test('what is over budget says until when', () => {
  const spends = today('budget: { daily_usd: 1 }', [entry({ spentNanoUsd: 100 * CENT })]);
  expect(spendText(spends.slice(0, 1))).toBe(
    'today $1.00 of $1.00 for changes (100 %): over budget until midnight UTC',
  );
});
