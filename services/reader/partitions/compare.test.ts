import { expect, test } from 'vitest';
import type { RememberedPartition, RememberedTable } from '../../../shared/side-tables/partitions.ts';
import { anyOf, isDifferent, lastingCondition, partitionDifference } from './compare.ts';

const partition = (oid: number, changes: Partial<RememberedPartition> = {}): RememberedPartition => ({
  oid,
  name: `public.p${oid}`,
  file: oid,
  placed: '.7',
  isDefault: false,
  condition: `id = ${oid}`,
  foundLsn: '00000000/00000010',
  isLate: false,
  ...changes,
});
const table = (...partitions: readonly RememberedPartition[]): RememberedTable => ({
  schema: 'public',
  name: 'p',
  oid: 1,
  partitions,
});
const oids = (found: readonly { readonly oid: number }[]): readonly number[] => found.map(({ oid }) => oid);

test.each<[string, RememberedTable, readonly (readonly number[])[]]>([
  ['nothing', table(partition(2), partition(3)), [[], [], []]],
  ['a new name', table(partition(2, { name: 'public.other' }), partition(3)), [[], [], []]],
  ['one that came', table(partition(2), partition(3), partition(4)), [[4], [], []]],
  ['one that went', table(partition(3)), [[], [2], []]],
  ['one with another file', table(partition(2), partition(3, { file: 9 })), [[], [], [3]]],
  ['one that was away', table(partition(2, { placed: '.8' }), partition(3)), [[2], [2], []]],
  [
    'one that was away and emptied',
    table(partition(2), partition(3, { placed: '.7.8', file: 9 })),
    [[3], [3], []],
  ],
])('finds %s', (_name, now, [attached, removed, rewritten]) => {
  const before = table(partition(2), partition(3));
  const found = partitionDifference(before, now);
  expect(oids(found.attached)).toEqual(attached);
  expect(oids(found.removed)).toEqual(removed);
  expect(oids(found.rewritten)).toEqual(rewritten);
  expect(isDifferent(before, now)).toBe([attached, removed, rewritten].some((list) => list?.length !== 0));
});

test('one that the log told of is removed when it is not there, and otherwise found late', () => {
  const sighted = partition(3, { placed: '', file: 0, foundLsn: null, isLate: true });
  const before = table(partition(2), sighted);
  const listsOf = (now: RememberedTable, earlier = before): readonly (readonly number[])[] => {
    const found = partitionDifference(earlier, now);
    return [found.attached, found.removed, found.rewritten, found.foundLate].map(oids);
  };
  expect(listsOf(table(partition(2)))).toEqual([[], [3], [], []]);
  expect(listsOf(table(partition(2), partition(3)))).toEqual([[3], [], [], [3]]);
  const told = table(partition(2), partition(3, { isLate: true }));
  expect(listsOf(table(partition(2), partition(3)), told)).toEqual([[], [], [], [3]]);
});

test('another table under the same name is different, whatever its partitions', () => {
  expect(isDifferent(table(partition(2)), { ...table(partition(2)), oid: 5 })).toBe(true);
});

test.each<[string, readonly (string | null)[], number, string | null]>([
  ['one of many', ['id = 2'], 5, '(id = 2)'],
  ['several of many', ['id = 2', 'id = 3'], 5, '(id = 2) or (id = 3)'],
  ['all', ['id = 2', 'id = 3'], 2, null],
  ['one whose condition nobody knows', ['id = 2', null], 5, null],
  ['more than are worth a condition', new Array<string>(201).fill('id = 2'), 500, null],
])('the rows of %s are told from others', (_name, conditions, countAll, expected) => {
  expect(anyOf(conditions, countAll)).toBe(expected);
});

test('a condition is kept unless it will not hold as long', () => {
  expect(lastingCondition(partition(2), "satisfies_hash_partition('16390'::oid, 4, 1, id)")).toBeNull();
  expect(lastingCondition(partition(2, { isDefault: true }), 'NOT (id = 3)')).toBeNull();
  expect(lastingCondition(partition(2), 'id = 2')).toBe('id = 2');
});
