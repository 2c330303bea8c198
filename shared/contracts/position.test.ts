import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareFences, comparePositions, type Fence, formatLsn, parseLsn } from './position.ts';

const anyLsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test('an LSN survives formatting and parsing, and text order is log order', () => {
  fc.assert(
    fc.property(anyLsn, anyLsn, (a, b) => {
      expect(parseLsn(formatLsn(a))).toBe(a);
      expect(formatLsn(a) < formatLsn(b)).toBe(a < b);
    }),
  );
});

test("PostgreSQL's short form is read, anything else is refused", () => {
  expect(parseLsn('16/B374D848')).toBe(0x16b374d848n);
  for (const text of ['', '16', '16/', '/1', 'x/1', '123456789/1'])
    expect(() => parseLsn(text)).toThrow(RangeError);
});

test('fences are ordered by epoch, commit, index, revision, and scored wins a tie', () => {
  const lowest: Fence = { epoch: 0, commit_lsn: formatLsn(9n), event_index: 9, revision: 9, scored: true };
  const ascending: Fence[] = [
    lowest,
    { epoch: 1, commit_lsn: formatLsn(1n), event_index: 5, revision: 9, scored: true },
    { epoch: 1, commit_lsn: formatLsn(2n), event_index: 0, revision: 1, scored: false },
    { epoch: 1, commit_lsn: formatLsn(2n), event_index: 1, revision: 1, scored: false },
    { epoch: 1, commit_lsn: formatLsn(2n), event_index: 1, revision: 1, scored: true },
    { epoch: 1, commit_lsn: formatLsn(2n), event_index: 1, revision: 2, scored: false },
  ];
  for (const [index, fence] of ascending.entries()) {
    expect(compareFences(fence, fence)).toBe(0);
    for (const later of ascending.slice(index + 1)) {
      expect(compareFences(fence, later)).toBeLessThan(0);
      expect(compareFences(later, fence)).toBeGreaterThan(0);
    }
  }
  expect(comparePositions(lowest, { ...lowest })).toBe(0);
});
