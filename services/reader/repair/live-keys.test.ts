import { expect, test } from 'vitest';
import type { FollowedRecord } from '../../../shared/kafka/follow.ts';
import { keysOf } from './live-keys.ts';

const record = (partition: number, key: unknown, status: string | null): FollowedRecord => ({
  partition,
  offset: 0n,
  key: Buffer.from(typeof key === 'string' ? key : JSON.stringify(key)),
  value: status === null ? null : Buffer.from(status.startsWith('?') ? status : JSON.stringify({ status })),
  timestampMs: 0,
});
const first = { id: 1 };
const second = { id: 2 };

test.each<[string, readonly FollowedRecord[], readonly object[]]>([
  ['nothing', [], []],
  [
    'the last record of each key',
    [record(0, first, 'scored'), record(0, second, 'failed'), record(0, first, 'deleted')],
    [{ partition: 0, isEmptied: false, live: [second], dead: [first] }],
  ],
  [
    'a tombstone, and a key that came again after one',
    [
      record(0, first, 'scored'),
      record(0, first, null),
      record(0, second, null),
      record(0, second, 'skipped'),
    ],
    [{ partition: 0, isEmptied: false, live: [second], dead: [first] }],
  ],
  [
    'a truncate ends what came before it in its partition',
    [record(0, first, 'scored'), record(1, second, 'scored'), record(0, {}, 'truncated')],
    [
      { partition: 0, isEmptied: true, live: [], dead: [] },
      { partition: 1, isEmptied: false, live: [second], dead: [] },
    ],
  ],
  [
    'what is no outcome of ours is passed over',
    [
      record(0, first, '?{'),
      record(0, 'no json', 'scored'),
      record(0, '[1]', 'scored'),
      record(0, { id: { deep: 1 } }, 'scored'),
      record(0, second, 'scored'),
    ],
    [{ partition: 0, isEmptied: false, live: [second], dead: [] }],
  ],
])('%s', (_name, records, expected) => {
  expect(keysOf(records)).toEqual(expected);
});
