import { expect, test } from 'vitest';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { scored, skipped, truncated } from '../../test/support/side-tables.ts';
import { lastOfKeys } from './last-of-keys.ts';
import type { Arrival } from './refusals.ts';

const arrival = (event: Arrival['event']): Arrival => ({
  record: { key: Buffer.from(JSON.stringify(event.key)) } as FetchedRecord,
  event,
});

test.each<[string, readonly Arrival['event'][], { late: readonly number[]; inOrder: readonly number[] }]>([
  ['one each', [scored('1', 4, 0), scored('2', 4, 0)], { late: [], inOrder: [0, 1] }],
  ['in their order, the last one', [scored('1', 4, 0), scored('1', 5, 0)], { late: [], inOrder: [1] }],
  ['repeated after a crash', [4, 5, 4, 5].map((at) => scored('1', at, 0)), { late: [], inOrder: [3] }],
  ['an older one behind a newer one', [scored('1', 5, 0), scored('1', 4, 0)], { late: [1], inOrder: [] }],
  ['behind two', [4, 6, 5].map((at) => scored('1', at, 0)), { late: [2], inOrder: [] }],
  [
    'of one position, scored is newer than skipped, and a newer revision newer than both',
    [scored('1', 4, 0), skipped('1', 4), scored('2', 4, 0), { ...skipped('2', 4), revision: 2 }],
    { late: [1], inOrder: [3] },
  ],
  ['a truncate is nobody’s last', [scored('1', 4, 0), truncated(5)], { late: [], inOrder: [0] }],
])('%s', (_name, events, { late, inOrder }) => {
  const arrivals = events.map(arrival);
  const at = (places: readonly number[]) => places.map((place) => arrivals[place]);
  expect(lastOfKeys(arrivals, new Set())).toEqual({ late: at(late), inOrder: at(inOrder) });
});

test('what is written of the key may be newer than all that comes', () => {
  const arrivals = [scored('1', 4, 0), scored('1', 5, 0), scored('2', 5, 0)].map(arrival);
  const [first, second, other] = arrivals;
  const older = new Set([first?.event, second?.event].filter((event) => event !== undefined));
  expect(lastOfKeys(arrivals, older)).toEqual({ late: [second], inOrder: [other] });
});
