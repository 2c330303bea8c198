import { describe, expect, test } from 'vitest';
import { fixesOf } from './facts-of-tests.ts';
import { checkServer, type ServerFacts } from './server.ts';
import { checkExtension } from './set-up.ts';
import { checkSlot, type SlotFacts } from './slot.ts';

describe('the server', () => {
  const FACTS: ServerFacts = {
    version: '18.4',
    versionNumber: 180_004,
    walLevel: 'logical',
    isInRecovery: false,
    isAmazon: false,
    slotsMax: 10,
    slotsUsed: 1,
    sendersMax: 10,
    sendersUsed: 1,
    slotKeepMegabytes: 51_200,
  };
  test.each([
    ['is as it should be', {}, []],
    [
      'does not write what changed',
      { walLevel: 'replica' },
      [
        'failed: wal_level is replica, so the log does not hold what changed. | alter system set wal_level = logical;  -- then restart PostgreSQL',
      ],
    ],
    [
      'is Amazon’s and does not write what changed',
      { walLevel: 'replica', isAmazon: true },
      [
        'failed: wal_level is replica, so the log does not hold what changed. | Set rds.logical_replication = 1 in the cluster parameter group, then reboot the writer.',
      ],
    ],
    [
      'is too old',
      { version: '13.1', versionNumber: 130_001 },
      [
        'failed: PostgreSQL 13.1 is too old: 15 is the oldest. | Upgrade the server to PostgreSQL 15 or newer.',
      ],
    ],
    [
      'is a standby',
      { isInRecovery: true },
      [
        "failed: This is a standby: a slot and side tables need the writer. | Let DATABASE_URL name the writer's address.",
      ],
    ],
    [
      'has no slot left',
      { slotsMax: 4, slotsUsed: 4 },
      [
        'failed: max_replication_slots is 4, 4 in use: none is left for the reader. | alter system set max_replication_slots = 9;  -- then restart PostgreSQL',
      ],
    ],
    [
      'keeps log for ever',
      { slotKeepMegabytes: -1 },
      [
        "warning: max_slot_wal_keep_size is without limit: a reader that stays away fills the disk. | alter system set max_slot_wal_keep_size = '50GB'; select pg_reload_conf();",
      ],
    ],
  ])('%s', (_name, changes, expected) => {
    expect(fixesOf(checkServer({ ...FACTS, ...changes }, false))).toEqual(expected);
  });

  test('our own slot is one of those in use', () => {
    expect(
      fixesOf(checkServer({ ...FACTS, slotsMax: 2, slotsUsed: 2, sendersMax: 2, sendersUsed: 2 }, true)),
    ).toEqual([
      expect.stringMatching(/^warning: max_replication_slots is 2, 2 in use: the next one/),
      expect.stringMatching(/^warning: max_wal_senders is 2, 2 in use: the next one/),
    ]);
  });
});

test.each([
  ['is there', { availableVersion: '0.8.5', installedVersion: '0.8.5' }, true, []],
  ['is there when it is needed', { availableVersion: '0.8.5', installedVersion: undefined }, false, []],
  [
    'is not on the server, and nothing needs it',
    { availableVersion: undefined, installedVersion: undefined },
    false,
    ['warning: The server has no pgvector: embeddings could not be kept.'],
  ],
  [
    'is not on the server, and an embedding needs it',
    { availableVersion: undefined, installedVersion: undefined },
    true,
    ['failed: The server has no pgvector, and an enrichment keeps vectors.'],
  ],
  [
    'is not created',
    { availableVersion: '0.8.5', installedVersion: undefined },
    true,
    [
      'failed: pgvector is not created in this database, and an enrichment keeps vectors. | create extension vector;',
    ],
  ],
] as const)('pgvector %s', (_name, facts, isNeeded, expected) => {
  const found = fixesOf(checkExtension(facts, isNeeded));
  expect(found).toEqual(expected.map((start) => expect.stringContaining(start)));
  for (const line of found) expect(line).toContain('create extension vector;');
});

describe('the slot', () => {
  const SLOT: NonNullable<SlotFacts['slot']> = {
    plugin: 'pgoutput',
    database: 'app',
    isActive: true,
    walStatus: 'reserved',
    lagBytes: 10,
    safeBytes: undefined,
  };
  const drop = "select pg_drop_replication_slot('shop');";
  test.each([
    ['is in use', SLOT, true, []],
    ['is not there before the first start', undefined, false, []],
    [
      'is gone',
      undefined,
      true,
      ['failed: Slot shop is gone although it was used', 'npx afterglow gaps repair'],
    ],
    [
      'was lost',
      { ...SLOT, isActive: false, walStatus: 'lost' },
      true,
      ['failed: Slot shop was invalidated by the server', 'npx afterglow gaps repair'],
    ],
    ['will be lost', { ...SLOT, walStatus: 'unreserved' }, true, ['failed: Slot shop is about to be lost']],
    [
      'is not in use',
      { ...SLOT, isActive: false },
      true,
      ['warning: Slot shop is not in use; the server keeps 10 B', 'npm start', drop],
    ],
    [
      'is not in use and fills the disk',
      { ...SLOT, isActive: false, lagBytes: 5e9 },
      true,
      ['failed: Slot shop is not in use; the server keeps 5.0 GB', drop],
    ],
    [
      'belongs to another database',
      { ...SLOT, database: 'other' },
      true,
      ['failed: Slot shop belongs to database other', drop],
    ],
    [
      'belongs to another program',
      { ...SLOT, plugin: 'wal2json' },
      true,
      ['failed: Slot shop uses wal2json', drop],
    ],
    ['is behind', { ...SLOT, lagBytes: 2e9 }, true, ['warning: Slot shop is 2.0 GB behind']],
  ] as const)('%s', (_name, slot, wasUsed, [start, ...fixes]) => {
    const found = fixesOf(checkSlot('shop', { database: 'app', slot, wasUsed }));
    expect(found).toEqual(start === undefined ? [] : [expect.stringContaining(start)]);
    for (const fix of fixes) expect(found[0]).toContain(fix);
  });
});
