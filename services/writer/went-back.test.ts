import { expect, test } from 'vitest';
import { placesToGoBackTo } from './went-back.ts';

const lag = (committed: bigint | undefined) => ({ topic: 't', partition: 1, low: 0n, high: 900n, committed });
const stretch = (next: bigint, partition = 1) => ({ topic: 't', partition, first: 5n, next, newestMs: 7 });

test.each<[string, bigint | undefined, ReturnType<typeof stretch>[], string | undefined]>([
  ['a group that begins', undefined, [], undefined],
  ['a group at the beginning', 0n, [], undefined],
  ['a group where the database is', 40n, [stretch(40n)], undefined],
  ['a group behind the database', 30n, [stretch(40n)], undefined],
  ['a group that is further', 50n, [stretch(40n)], '40'],
  ['a group of which the database knows nothing', 50n, [stretch(60n, 2)], '0'],
])('%s', (_name, committed, stretches, offset) => {
  const expected = offset === undefined ? [] : [{ topic: 't', partition: 1, offset }];
  expect(placesToGoBackTo([lag(committed)], stretches)).toEqual(expected);
});
