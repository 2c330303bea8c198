import { expect, test } from 'vitest';
import { painter } from '../view/paint.ts';
import { type Audited, auditLines, progressLine } from './audit-lines.ts';
import { REASONS } from './judge.ts';

test.each<[string, number, number, number, string]>([
  ['at the first row nobody knows how fast it goes', 0, 1_000_000, 0, '0 of about 1,000,000 rows, 0/s'],
  ['under way', 120_000, 1_000_000, 4_800, '120,000 of about 1,000,000 rows, 25,000/s, 35 s left'],
  ['of a long one', 30_000, 1_000_000, 10_000, '30,000 of about 1,000,000 rows, 3,000/s, 5 min 23 s left'],
  ['a planner estimates no whole rows', 5, 10.4, 1_000, '5 of about 10 rows, 5.0/s, 1.1 s left'],
  ['all that were estimated', 1_000, 1_000, 500, '1,000 of about 1,000 rows, 2,000/s'],
  // Never "1,200 of about 1,000", nor a time that is below nothing.
  ['more than were estimated', 1_200, 1_000, 1_000, '1,200 of about 1,200 rows, 1,200/s'],
  ['a table that nobody has counted yet', 700, 0, 1_000, '700 of about 700 rows, 700/s'],
])('how far an audit is: %s', (_name, rows, estimatedRows, tookMs, line) => {
  expect(progressLine('fraud', rows, estimatedRows, tookMs)).toBe(`fraud: ${line}`);
});

const AUDITED: Audited = {
  enrichment: 'fraud',
  source: 'transactions',
  rows: 1_000,
  outdated: 0,
  waiting: 0,
  queued: [],
  wrong: [],
};

test('what an audit found is counted, with a line for each reason and keys that no terminal obeys', () => {
  const plain = painter(false);
  expect(auditLines(AUDITED, plain)).toEqual(['fraud: 1,000 rows of transactions: nothing is wrong']);
  const found: Audited = {
    ...AUDITED,
    rows: 1,
    outdated: 2_000,
    waiting: 1_204,
    queued: [{ job: '3', state: 'paused', rows: 1_200 }],
    wrong: [
      { finding: 'missing', reason: 'no_state', count: 1_200, keys: [{ id: '7' }, { id: '8\u001B[2J' }] },
      { finding: 'orphaned', reason: 'no_row', count: 1, keys: [{ id: '9', place: 'x' }] },
    ],
  };
  expect(auditLines(found, plain)).toEqual([
    'fraud: 1 row of transactions: 1,200 missing, 1 orphaned, 1,204 waiting, 2,000 outdated',
    `  missing: ${REASONS.no_state}: id=7 id=8\uFFFD[2J and 1,198 more`,
    `  orphaned: ${REASONS.no_row}: id=9,place=x`,
    '  waiting: job 3 (paused) has 1,200 of them still to read',
  ]);
});
