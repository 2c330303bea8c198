import { expect, test } from 'vitest';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { lastOfKeys } from './last-of-keys.ts';
import type { Arrival } from './refusals.ts';

const event = (id: string, at: number, status: string, revision = 1): Arrival['event'] =>
  ({
    key: id === '' ? {} : { id },
    source: { epoch: 0, commit_lsn: `00000000/0000000${at}`, event_index: 0 },
    revision,
    status,
  }) as Arrival['event'];
const scored = (id: string, at: number) => event(id, at, 'scored');

const arrival = (of: Arrival['event']): Arrival => ({
  record: { key: Buffer.from(JSON.stringify(of.key)) } as FetchedRecord,
  event: of,
});

test.each<[string, readonly Arrival['event'][], { late: readonly number[]; inOrder: readonly number[] }]>([
  ['one each', [scored('1', 4), scored('2', 4)], { late: [], inOrder: [0, 1] }],
  ['in their order, the last one', [scored('1', 4), scored('1', 5)], { late: [], inOrder: [1] }],
  ['repeated after a crash', [4, 5, 4, 5].map((at) => scored('1', at)), { late: [], inOrder: [3] }],
  ['an older one behind a newer one', [scored('1', 5), scored('1', 4)], { late: [1], inOrder: [] }],
  ['behind two', [4, 6, 5].map((at) => scored('1', at)), { late: [2], inOrder: [] }],
  [
    'of one position, scored is newer than skipped, and a newer revision newer than both',
    [scored('1', 4), event('1', 4, 'skipped'), scored('2', 4), event('2', 4, 'skipped', 2)],
    { late: [1], inOrder: [3] },
  ],
  ['a truncate is nobody’s last', [scored('1', 4), event('', 5, 'truncated')], { late: [], inOrder: [0] }],
])('%s', (_name, events, { late, inOrder }) => {
  const arrivals = events.map(arrival);
  const at = (places: readonly number[]) => places.map((place) => arrivals[place]);
  expect(lastOfKeys(arrivals, new Set())).toEqual({ late: at(late), inOrder: at(inOrder) });
});

test('what is written of the key may be newer than all that comes', () => {
  const arrivals = [scored('1', 4), scored('1', 5), scored('2', 5)].map(arrival);
  const [first, second, other] = arrivals;
  const older = new Set([first?.event, second?.event].filter((each) => each !== undefined));
  expect(lastOfKeys(arrivals, older)).toEqual({ late: [second], inOrder: [other] });
});
