import { describe, expect, test } from 'vitest';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { CrashCount } from '../../shared/side-tables/crash-counts.ts';
import { afterEnd, isOwnEnd } from './crash-counts.ts';

const stretch = (first: bigint, newest: bigint) => ({ topic: 't', partition: 0, first, newest });
const count = (ends: number, more: Partial<CrashCount> = {}): CrashCount => ({
  topic: 't',
  partition: 0,
  firstOffset: 10n,
  ends,
  newestOffset: 20n,
  row: undefined,
  ...more,
});

describe('an end', () => {
  test.each<[string, CrashCount | undefined, [bigint, bigint], bigint | undefined, Partial<CrashCount>]>([
    ['the first one', undefined, [10n, 20n], undefined, { ends: 1, firstOffset: 10n, newestOffset: 20n }],
    ['at the same place', count(1), [10n, 15n], undefined, { ends: 2, newestOffset: 20n }],
    ['at the same place, further on', count(2), [10n, 25n], undefined, { ends: 3, newestOffset: 25n }],
    ['further on within what was under way', count(2), [12n, 25n], undefined, { ends: 1, firstOffset: 12n }],
    ['behind all that', count(3), [30n, 31n], undefined, { ends: 1, firstOffset: 30n, newestOffset: 31n }],
    ['before it: the topic is another one', count(3), [2n, 4n], undefined, { ends: 1, firstOffset: 2n }],
    [
      'of a row alone',
      count(3),
      [12n, 12n],
      12n,
      { ends: 3, firstOffset: 12n, newestOffset: 20n, row: { offset: 12n, ends: 1 } },
    ],
    [
      'of the same row again',
      count(3, { firstOffset: 12n, row: { offset: 12n, ends: 1 } }),
      [12n, 12n],
      12n,
      { row: { offset: 12n, ends: 2 } },
    ],
    [
      'of another row alone',
      count(3, { firstOffset: 12n, row: { offset: 12n, ends: 2 } }),
      [14n, 14n],
      14n,
      { ends: 3, row: { offset: 14n, ends: 1 } },
    ],
  ])('%s', (_name, known, [first, newest], alone, expected) => {
    expect(afterEnd(known, stretch(first, newest), alone)).toMatchObject(expected);
  });
});

test.each([
  ['an error nobody named', new TypeError('x'), true],
  ['a fault nobody named', new Fault('unknown', 'x', 'x'), true],
  ['a defect', new AfterglowError('defect'), true],
  ['a part that is away', new AfterglowError('kafka_unreachable'), false],
  ['a model that is away', new Fault('unavailable', 'x', 'x'), false],
  ['a definition that was replaced', new AfterglowError('revision_unregistered'), false],
])('%s is its own end or not', (_name, error, expected) => {
  expect(isOwnEnd(error)).toBe(expected);
});
