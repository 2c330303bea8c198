import { describe, expect, test } from 'vitest';
import { parseSnapshot, sees } from './snapshot.ts';

describe('a snapshot', () => {
  test.each([
    ['10:20:10,15', [9, 11, 19], [10, 15, 20, 21]],
    ['20:20:', [1, 19], [20, 4_000]],
    // 4294967296 is the first transaction of the second epoch: the log calls it 0.
    ['4294967290:4294967300:4294967295', [4_294_967_289, 4_294_967_294, 0, 3], [4_294_967_295, 4, 5]],
  ])('%s', (text, seen, unseen) => {
    const snapshot = parseSnapshot(text);
    expect(seen.filter((xid) => !sees(snapshot, xid))).toEqual([]);
    expect(unseen.filter((xid) => sees(snapshot, xid))).toEqual([]);
  });

  test('anything else is refused', () => {
    expect(() => parseSnapshot('10:20')).toThrow(RangeError);
  });
});
