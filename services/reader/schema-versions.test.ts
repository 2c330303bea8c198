import { describe, expect, test } from 'vitest';
import { columnChanges, SchemaVersions } from './schema-versions.ts';

const columns = (...names: string[]) => names.map((name) => ({ name, typeOid: 25, partOfKey: false }));

describe('schema versions', () => {
  test('stay while the columns stay, and grow with every change, also back to earlier columns', () => {
    const versions = new SchemaVersions([]);
    const numberAt = (names: string[], lsn: bigint): number => {
      const found = versions.at('public.t', columns(...names), lsn);
      return typeof found === 'number' ? found : found.entry.version;
    };
    expect(numberAt(['a'], 10n)).toBe(1);
    expect(numberAt(['a'], 20n)).toBe(1);
    expect(numberAt(['a', 'b'], 30n)).toBe(2);
    expect(numberAt(['a'], 40n)).toBe(3);
  });

  test('a replay from an earlier commit gives every commit the version it had', () => {
    const versions = new SchemaVersions([]);
    for (const [names, lsn] of [
      [['a'], 10n],
      [['a', 'b'], 30n],
      [['a'], 40n],
    ] as const) {
      versions.at('public.t', columns(...names), lsn);
    }
    expect(versions.at('public.t', columns('a'), 15n)).toBe(1);
    expect(versions.at('public.t', columns('a', 'b'), 35n)).toBe(2);
    expect(versions.at('public.t', columns('a'), 45n)).toBe(3);
  });

  test('a partition may have the columns of its table in another order', () => {
    const versions = new SchemaVersions([]);
    versions.at('public.t', columns('a', 'b'), 10n);
    expect(versions.at('public.t', columns('b', 'a'), 20n, true)).toBe(1);
    expect(versions.at('public.t', columns('b', 'a', 'c'), 20n, true)).toMatchObject({
      entry: { version: 2 },
    });
  });

  test('the changes between two versions are named', () => {
    expect(
      columnChanges(
        [
          { name: 'a', type_oid: 23 },
          { name: 'b', type_oid: 25 },
        ],
        [
          { name: 'a', type_oid: 20 },
          { name: 'c', type_oid: 25 },
        ],
      ),
    ).toEqual({ added: ['c'], removed: ['b'], retyped: ['a'] });
  });
});
