import { expect, test } from 'vitest';
import type { Queryable } from '../postgres/connect.ts';
import { keysAltered } from './key-types.ts';
import { readEnrichmentTables } from './read-tables.ts';

/** A database in which the side tables of `fraud` have a key of this type. */
function keeping(type: string): Queryable {
  const column = { name: 'id', type, key_place: 1 };
  const rows = [
    { ...column, schema: 'afterglow_internal', relation: 'state_fraud', name: 'key_id' },
    { ...column, schema: 'afterglow', relation: 'fraud' },
  ];
  return { query: async () => ({ rows }) } as unknown as Queryable;
}

test('a session that casts to another type than the side tables have now is told to read them anew', async () => {
  const read = await readEnrichmentTables(keeping('date'), 'fraud');
  expect(await keysAltered(keeping('date'), [read])).toBeUndefined();
  expect(await keysAltered(keeping('timestamp without time zone'), [read])).toMatchObject({
    kind: 'unavailable',
    code: 'key_type_changed',
  });
});
