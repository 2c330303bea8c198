import { describe, expect, test } from 'vitest';
import { catalog, definition, fixesOf } from './facts-of-tests.ts';
import { checkPrivileges, type PrivilegeFacts } from './privileges.ts';
import { checkPublication, type PublicationFacts } from './publication.ts';
import { checkTables } from './tables.ts';

describe('the publication', () => {
  const published = (
    changes: Partial<NonNullable<PublicationFacts['publication']>['tables'][number]> = {},
  ) => ({
    publication: {
      operations: ['insert', 'update', 'delete', 'truncate'],
      tables: [
        { schema: 'public', name: 'orders', columns: ['id', 'amount'], hasRowFilter: false, ...changes },
      ],
    },
  });
  test.each([
    ['holds everything', published(), []],
    [
      'is missing',
      { publication: undefined },
      ['failed: Publication shop does not exist, so no change is ever sent. | npx afterglow init'],
    ],
    [
      'misses a table',
      { publication: { operations: ['insert', 'update', 'delete', 'truncate'], tables: [] } },
      [
        'failed: Publication shop does not hold public.orders: its changes are not sent. | npx afterglow init  # or: alter publication "shop" add table "public"."orders";',
      ],
    ],
    [
      'misses a column',
      published({ columns: ['id'] }),
      [
        'failed: Publication shop leaves out amount of public.orders: not in its column list. | npx afterglow init  # or, if they are to stay out, in afterglow.yaml: exclude: [card, amount]',
      ],
    ],
    [
      'misses the key',
      published({ columns: ['amount'] }),
      [
        'failed: Publication shop leaves out id of public.orders: not in its column list. | npx afterglow init',
      ],
    ],
    [
      'sends an excluded column',
      published({ columns: ['id', 'amount', 'card'] }),
      [
        'failed: Publication shop sends card of public.orders, which the definition excludes. | npx afterglow init',
      ],
    ],
    [
      'leaves out deletes',
      { publication: { ...published().publication, operations: ['insert', 'update', 'truncate'] } },
      [
        `failed: Publication shop leaves out delete. | alter publication "shop" set (publish = 'insert, update, delete, truncate');`,
      ],
    ],
    [
      'filters rows',
      published({ hasRowFilter: true }),
      [expect.stringMatching(/^failed: Publication shop filters the rows of public.orders/)],
    ],
  ])('%s', (_name, facts, expected) => {
    expect(fixesOf(checkPublication(definition, catalog(), facts))).toEqual(expected);
  });
});

test.each([
  ['a key', {}, []],
  [
    'no key',
    { key: [] },
    [
      expect.stringMatching(
        /^failed: .* nothing names a row. \| alter table "public"."orders" add primary key/,
      ),
    ],
  ],
  [
    'REPLICA IDENTITY NOTHING',
    { replicaIdentity: 'nothing' },
    [expect.stringMatching(/^failed: .* \| alter table "public"."orders" replica identity default;/)],
  ],
  ['REPLICA IDENTITY FULL', { replicaIdentity: 'full' }, [expect.stringMatching(/^warning: .* FULL/)]],
  [
    'another name',
    { name: 'order' },
    ['failed: Table public.orders does not exist in this database. | npx afterglow config check'],
  ],
] as const)('a table with %s', (_name, changes, expected) => {
  expect(fixesOf(checkTables(definition, catalog(changes)))).toEqual(expected);
});

describe('privileges', () => {
  const role = (name: 'reader' | 'enricher' | 'writer', changes: object = {}) => ({
    role: name,
    exists: true,
    logins: [`shop_${name}`],
    loginsWithoutReplication: [],
    loginsWithoutSight: [],
    ...changes,
  });
  const facts = (reader: object, more: Partial<PrivilegeFacts> = {}): PrivilegeFacts => ({
    user: 'me',
    isSuperuser: false,
    isAmazon: false,
    roles: [role('reader', reader), role('enricher'), role('writer')],
    ...more,
  });
  test.each([
    ['each service has its login', facts({}), []],
    [
      'the role is missing',
      facts({ exists: false, logins: [] }),
      ['failed: Role shop_reader does not exist. | npx afterglow init'],
    ],
    [
      'the login may not replicate',
      facts({ logins: [], loginsWithoutReplication: ['app'] }),
      ['failed: app may run the reader, but not replicate. | alter role "app" replication;'],
    ],
    [
      'the login may not replicate on Amazon',
      facts({ logins: [], loginsWithoutReplication: ['app'] }, { isAmazon: true }),
      ['failed: app may run the reader, but not replicate. | grant rds_replication to "app";'],
    ],
    [
      'the login does not see who has transactions open',
      facts({ loginsWithoutSight: ['shop_reader'] }),
      [
        'warning: shop_reader does not see how long transactions of others are open: a redo may wait until they end. | grant pg_read_all_stats to "shop_reader";',
      ],
    ],
    [
      'nobody may run it',
      facts({ logins: [] }),
      [
        expect.stringMatching(
          /^failed: No login may run the reader. \| create role "shop_reader_login" login.*grant "shop_reader" to/,
        ),
      ],
    ],
    [
      'only superusers may',
      facts({ logins: [] }, { isSuperuser: true }),
      [expect.stringMatching(/^warning: No login but superusers such as me/)],
    ],
  ])('%s', (_name, given, expected) => {
    expect(fixesOf(checkPrivileges('shop', given))).toEqual(expected);
  });
});
