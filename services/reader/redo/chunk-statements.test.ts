import { expect, test } from 'vitest';
import { keyFurtherOn, rowsInKeyOrder, rowsOfCondition, rowsOfList } from './chunk-statements.ts';
import type { DescribedTable } from './described-table.ts';

const TABLE: DescribedTable = {
  relation: { tag: 'relation', oid: 7, schema: 's', name: 't', replicaIdentity: 'default', columns: [] },
  from: 'only "s"."t""x"',
  columns: ['"Kind"', '"id"', '"body"'],
  key: [
    { place: 0, sql: '"Kind"', type: 'public.kind' },
    { place: 1, sql: '"id"', type: 'pg_catalog.int8' },
  ],
};

test('rows in key order: one comparison of whole keys, cast to their own types', () => {
  expect(rowsInKeyOrder(TABLE, ["a'b", '5'], 100)).toEqual({
    text: 'select "Kind", "id", "body" from only "s"."t""x" where ("Kind", "id") > ($1::text::public.kind, $2::text::pg_catalog.int8) order by "Kind", "id" limit $3::bigint',
    values: ["a'b", '5', 100],
  });
  expect(rowsInKeyOrder(TABLE, null, 100).text).not.toContain('where');
  expect(() => rowsInKeyOrder(TABLE, ['5'], 100)).toThrow(RangeError);
});

test('a condition is bounded by keys, stands in a line of its own, and always comes with a parameter', () => {
  const { text, values } = rowsOfCondition(TABLE, null, undefined, 'id > 3 -- all', 50);
  expect(text).toContain('where (id > 3 -- all\n) order by "Kind", "id" limit $1::bigint');
  expect(values).toEqual([50]);
  const bounded = rowsOfCondition(TABLE, ['a', '1'], ['b', '9'], 'true', 50);
  expect(bounded.text).toContain('("Kind", "id") <= ($3::text::public.kind, $4::text::pg_catalog.int8)');
  expect(bounded.values).toEqual(['a', '1', 'b', '9', 50]);
  expect(keyFurtherOn(TABLE, null, 20_000)).toMatchObject({ values: [19_999] });
});

test('keys of a list are joined by their own types, from the place that is finished', () => {
  const { text, values } = rowsOfList(TABLE, '12', ['400'], 100);
  expect(text).toContain(
    'source."Kind" = (wanted.key[1])::public.kind and source."id" = (wanted.key[2])::pg_catalog.int8',
  );
  expect(values).toEqual(['12', '400', 100]);
});
