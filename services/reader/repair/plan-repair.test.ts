import { expect, test } from 'vitest';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { Gap } from '../../../shared/side-tables/gaps.ts';
import type { PreflightFacts } from '../preflight/facts.ts';
import { healthyFacts, published, slot, stored, table } from '../preflight/facts-of-tests.ts';
import { planRepair, type RepairInput } from './plan-repair.ts';

const input = (changes: Partial<PreflightFacts>, more: Partial<RepairInput> = {}): RepairInput => ({
  facts: healthyFacts(changes),
  pipeline: 'afterglow',
  newEpoch: false,
  others: [],
  ...more,
});

const gap = (changes: Partial<Gap>): Gap => ({
  id: '1',
  reason: 'publication_changed',
  detail: 'Table public.a was dropped and made again.',
  halts: true,
  tables: [{ schema: 'public', name: 'a' }],
  from: { epoch: 1, lsn: 0x500n },
  to: null,
  state: 'open',
  foundAt: '',
  repairedAt: null,
  closedAt: null,
  jobs: [],
  counts: null,
  ...changes,
});

const restored = { stored: stored({ lsn: 0x480n }) };
const both = [{ name: 'a' }, { name: 'b' }];
const NONE: readonly object[] = [];
const changedTable = {
  published: published({ tables: [table('a', { member: 9 }), table('b', { oid: 101, member: 201 })] }),
};
const on17 = { server: { ...healthyFacts().server, versionNumber: 170_005 } };

test.each<[string, RepairInput, object]>([
  [
    'a slot that is gone',
    input({ slot: undefined }),
    { replacesSlot: true, tables: both, epoch: 1, raisesEpoch: false },
  ],
  [
    'a slot that was moved',
    input({ slot: slot({ confirmed: '0/501' }) }),
    { replacesSlot: true, tables: both },
  ],
  ['a table put back keeps the slot', input(changedTable), { replacesSlot: false, tables: [{ name: 'a' }] }],
  [
    'a table put back, and the slot lost since',
    input({ gap: gap({}), slot: slot({ walStatus: 'lost' }) }),
    { replacesSlot: true, tables: both },
  ],
  [
    'what was recorded, though it shows no more',
    input({ gap: gap({}) }),
    { replacesSlot: false, tables: [{ name: 'a' }], gap: { id: '1' } },
  ],
  [
    'a table that was changed while the reader stood still for another one, too',
    input({
      gap: gap({}),
      published: published({ tables: [table('a'), table('b', { oid: 101, member: 9 })] }),
    }),
    { replacesSlot: false, tables: both },
  ],
  [
    'a publication made anew, on 18',
    input({ published: published({ publication: 9 }) }),
    { replacesSlot: false },
  ],
  [
    'and before',
    input({ ...on17, published: published({ publication: 9 }) }),
    { replacesSlot: true, tables: both },
  ],
  [
    'one that was away under another name, before 18: the slot cannot pass that',
    input({
      ...on17,
      gap: gap({ reason: 'publication_incomplete' }),
      published: published({ alteredBy: '901' }),
    }),
    { replacesSlot: true, tables: both },
  ],
  [
    'and on 18 it can',
    input({ gap: gap({ reason: 'publication_incomplete' }), published: published({ alteredBy: '901' }) }),
    { replacesSlot: false, tables: both },
  ],
  [
    'a restored copy, on demand',
    input(restored, { newEpoch: true }),
    { replacesSlot: true, tables: both, epoch: 2, raisesEpoch: true },
  ],
  [
    'an epoch that only Kafka knows is passed, too',
    input({ twin: { epoch: 4, systemId: '7', timeline: 1, lsn: 1n } }, { newEpoch: true }),
    { epoch: 5 },
  ],
  [
    'a gap without a halt, while the reader streams',
    input({ slot: slot({ active: true, activePid: 3 }) }, { others: [gap({ halts: false })] }),
    { replacesSlot: false, isHalted: false, tables: [{ name: 'a' }] },
  ],
  [
    'a table that is no source any more: nobody could read it again, and the gap would stay open for good',
    input({ gap: gap({ tables: [{ schema: 'public', name: 'c' }] }) }),
    { isHalted: true, tables: NONE },
  ],
  [
    '…also among others, in a gap whose job was cancelled',
    input(
      {},
      {
        others: [gap({ state: 'repairing', tables: ['a', 'c'].map((name) => ({ schema: 'public', name })) })],
      },
    ),
    { isHalted: false, tables: [{ name: 'a' }] },
  ],
])('plans %s', (_name, given, expected) => {
  expect(planRepair(given)).toMatchObject(expected);
});

test.each<[string, RepairInput, string]>([
  ['nothing is wrong', input({}), 'nothing_to_repair'],
  ['a restored copy without consent to a new epoch', input(restored), 'database_restored'],
  ['a new epoch without need', input({ slot: undefined }, { newEpoch: true }), 'gap_not_repairable'],
  [
    'a publication that is not mended',
    input({ published: published({ publication: null }) }),
    'gap_not_repairable',
  ],
  ['a slot of somebody else', input({ slot: slot({ plugin: 'wal2json' }) }), 'slot_foreign'],
  ['a standby', input({ server: { ...healthyFacts().server, isInRecovery: true } }), 'gap_not_repairable'],
])('refuses when %s', (_name, given, code) => {
  const thrown = (() => {
    try {
      return planRepair(given);
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toBeInstanceOf(AfterglowError);
  expect(thrown).toMatchObject({ code });
});
