import { expect, test } from 'vitest';
import { allMigrations, pendingMigrations } from './migrations.ts';
import {
  dollarQuoted,
  INTERNAL_SCHEMA,
  INTERNAL_TABLES,
  indexName,
  keyColumn,
  viewFunction,
} from './names.ts';

const bytes = (text: string): number => Buffer.byteLength(text);

test.each([
  ['id', 'key_id'],
  ['Quoted "id"', 'key_Quoted "id"'],
])('the key column %j becomes %j', (column, expected) => {
  expect(keyColumn(column)).toBe(expected);
});

test('two long key columns that differ at their end stay two, within what PostgreSQL keeps of a name', () => {
  const long = 'é'.repeat(30);
  const names = [`${long}ab`, `${long}ac`].map(keyColumn);
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(bytes(name)).toBeLessThanOrEqual(63);
});

test('the longest names of a definition fit into what PostgreSQL keeps of a name', () => {
  const longest = `a${'b'.repeat(30)}`;
  expect(bytes(indexName(`state_${longest}`, 'flagged'))).toBeLessThanOrEqual(63);
  expect(viewFunction(longest, 999_999)).toBe(`"${INTERNAL_SCHEMA}"."${longest}_enriched_999999"`);
  expect(bytes(`${longest}_enriched_999999`)).toBeLessThanOrEqual(63);
});

test('no name of an index can be that of an enrichment', () => {
  expect(indexName('fraud', 'ranked')).not.toMatch(/^[a-z][a-z0-9_]*$/);
});

test('every internal table is made by a migration', () => {
  const sql = allMigrations()
    .map((migration) => migration.sql)
    .join('\n');
  for (const table of INTERNAL_TABLES) expect(sql).toContain(`create table ${INTERNAL_SCHEMA}.${table} (`);
});

test('migrations are numbered without a gap, and only those not applied are pending', () => {
  expect(allMigrations().map(({ version }) => version)).toEqual(allMigrations().map((_, index) => index + 1));
  expect(pendingMigrations(allMigrations().map(({ version }) => version))).toEqual([]);
});

test('a text that holds the quotation mark is quoted by another one', () => {
  expect(dollarQuoted('a')).toBe('$afterglow$a$afterglow$');
  expect(dollarQuoted('a $afterglow$ $afterglow1$')).toBe(
    '$afterglow2$a $afterglow$ $afterglow1$$afterglow2$',
  );
});
