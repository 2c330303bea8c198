import { expect, test } from 'vitest';
import type { CatalogPlace } from '../../shared/postgres/catalog-places.ts';
import type { Relation } from '../../shared/postgres/pgoutput.ts';
import { RelationPlaces } from './relation-places.ts';

const table = (name: string) => ({ schema: 'public', name });
const relation = (name: string, oid: number): Relation => ({
  tag: 'relation',
  oid,
  ...table(name),
  replicaIdentity: 'default',
  columns: [],
});
const published = (...names: readonly string[]): readonly CatalogPlace[] =>
  names.map((name) => ({ ...table(name), isPublished: true }));
const gone: readonly CatalogPlace[] = [];

/** Orders are a table, payments a partitioned one of which partition 20 is known. */
const places = (catalog: readonly CatalogPlace[] = gone) =>
  new RelationPlaces({
    isSource: ({ name }) => name === 'orders' || name === 'payments',
    partitioned: [
      {
        ...table('payments'),
        oid: 10,
        partitions: [
          {
            oid: 20,
            name: 'public.eu',
            file: 20,
            placed: '.7',
            isDefault: false,
            condition: null,
            foundLsn: '00000000/00000010',
            isLate: false,
          },
        ],
      },
    ],
    readPlaces: async () => catalog,
  });

const payments = { source: table('payments') };

test.each<[string, readonly CatalogPlace[], readonly [string, number, boolean][], object]>([
  ['a source', gone, [['orders', 1, false]], { kind: 'source', source: table('orders') }],
  [
    'a partition described behind its table',
    gone,
    [
      ['payments', 10, false],
      ['eu', 20, true],
    ],
    { kind: 'routed', ...payments },
  ],
  [
    'one that nobody has ever found, and that is gone',
    gone,
    [
      ['payments', 10, false],
      ['us', 21, true],
    ],
    { kind: 'routed', ...payments },
  ],
  ['a known partition alone', gone, [['eu', 20, false]], { kind: 'partition', ...payments }],
  [
    'an unknown partition alone',
    published('us', 'america', 'payments'),
    [['us', 21, false]],
    { kind: 'partition', ...payments },
  ],
  [
    'a partition behind a table that is not its own',
    gone,
    [
      ['orders', 1, false],
      ['eu', 20, true],
    ],
    { kind: 'partition', ...payments },
  ],
  [
    'a partition long after its table',
    gone,
    [
      ['payments', 10, false],
      ['eu', 20, false],
    ],
    { kind: 'partition', ...payments },
  ],
  [
    'a source under an earlier name',
    published('orders'),
    [['orders_old', 1, false]],
    { kind: 'source', source: table('orders') },
  ],
  ['what is gone', gone, [['visits', 30, false]], { kind: 'foreign', isPublished: false }],
  [
    'what is published and no source',
    published('visits'),
    [['visits', 30, false]],
    { kind: 'foreign', isPublished: true },
  ],
])('%s is told from others', async (_name, catalog, described, expected) => {
  const found = places(catalog);
  let last: object | undefined;
  for (const [name, oid, isNext] of described) last = await found.placeOf(relation(name, oid), isNext);
  expect(last).toMatchObject(expected);
});
