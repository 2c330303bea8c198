import { describe, expect, test } from 'vitest';
import { parseSnapshot, StreamedTransactions, sees } from './visibility.ts';

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

describe('streamed transactions', () => {
  test('one that was streamed before the low watermark and is not seen makes the chunk worthless', () => {
    const streamed = new StreamedTransactions();
    streamed.began(15);
    streamed.began(16);
    streamed.markLow();
    expect(streamed.unseenBeforeLow(parseSnapshot('15:20:15'))).toBe(1);
    expect(streamed.unseenBeforeLow(parseSnapshot('18:20:18'))).toBe(0);
  });

  test('one that is not seen because no later one has ended counts as well', () => {
    const streamed = new StreamedTransactions();
    streamed.began(20);
    streamed.markLow();
    expect(streamed.unseenBeforeLow(parseSnapshot('20:20:'))).toBe(1);
  });

  test('what comes behind the low watermark is no reason: there the stream wins', () => {
    const streamed = new StreamedTransactions();
    streamed.began(12);
    streamed.markLow();
    streamed.began(15);
    expect(streamed.unseenBeforeLow(parseSnapshot('15:20:15'))).toBe(0);
    // …but it is, for the next chunk, as long as it cannot be seen.
    streamed.markLow();
    expect(streamed.unseenBeforeLow(parseSnapshot('15:30:15'))).toBe(1);
  });

  test('what may have been streamed before our time is suspect until it is seen, streamed now, or cleared', () => {
    const streamed = new StreamedTransactions();
    streamed.suspect([11, 12, 13]);
    streamed.markLow();
    const snapshot = parseSnapshot('11:20:11,12,13');
    expect(streamed.unseenBeforeLow(snapshot)).toBe(3);
    streamed.clear(11);
    streamed.began(12);
    expect(streamed.unseenBeforeLow(snapshot)).toBe(1);
    expect(streamed.unseenBeforeLow(parseSnapshot('14:20:'))).toBe(0);
    expect(streamed.suspects).toEqual([]);
  });
});
