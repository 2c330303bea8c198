import { describe, expect, test } from 'vitest';
import { parseSnapshot } from '../../../shared/postgres/snapshot.ts';
import { StreamedTransactions } from './visibility.ts';

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

  test('a stream that is far behind fills no memory with what was seen before it came', () => {
    const streamed = new StreamedTransactions();
    streamed.unseenBeforeLow(parseSnapshot('6000000:6000002:6000000'));
    const beforeBytes = process.memoryUsage().heapUsed;
    for (let xid = 1; xid <= 6_000_001; xid++) streamed.began(xid);
    expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(16_000_000);
    streamed.markLow();
    expect(streamed.unseenBeforeLow(parseSnapshot('6000000:6000002:6000000'))).toBe(1);
  });
});
