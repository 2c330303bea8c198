import { expect, test } from 'vitest';
import { affordableRows, rowNanoUsd } from './redo-money.ts';

test.each([
  ['half of what the money reaches for', 1_000, 10, 50],
  ['one row while there is money for one', 15, 10, 1],
  ['none without', 9, 10, 0],
  ['none where another has overdrawn it', -5, 10, 0],
])('%s', (_what, rest, row, rows) => {
  expect(affordableRows({ restNanoUsd: rest, rowNanoUsd: row })).toBe(rows);
});

test('a row costs what was reserved for one lately; before that, what most begin with', () => {
  const entry = (enrichment: string, reservedNanoUsd: number, requests: number) => ({
    enrichment,
    reservedNanoUsd,
    requests,
  });
  expect(rowNanoUsd([entry('mood', 900, 2), entry('mood', 100, 1), entry('vectors', 7, 1)], 'mood')).toBe(
    334,
  );
  expect(rowNanoUsd([entry('vectors', 7, 1)], 'mood')).toBe(300_000);
});
