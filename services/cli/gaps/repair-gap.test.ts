import { expect, test } from 'vitest';
import type { RepairPlan } from '../../reader/main.ts';
import { planLines } from './repair-gap.ts';

const PLAN: RepairPlan = {
  message: 'Slot shop is gone although it was used.',
  isHalted: true,
  epoch: 1,
  raisesEpoch: false,
  replacesSlot: true,
  tables: [
    { schema: 'public', name: 'orders' },
    { schema: 'public', name: 'notes' },
  ],
  gap: undefined,
  draft: {
    reason: 'slot_lost',
    detail: 'Slot shop is gone although it was used.',
    halts: true,
    tables: [],
    from: { epoch: 1, lsn: 0n },
  },
};
const REDONE = [
  '  Every row of public.orders, public.notes is read again, and goes through its models unless nothing changed.',
  '  Results whose rows are gone are deleted.',
];

test.each<[string, Partial<RepairPlan>, readonly string[]]>([
  [
    'a lost slot',
    {},
    [PLAN.message, '  The replication slot is dropped if it is there, and made anew.', ...REDONE],
  ],
  [
    'a table that was out of the publication, where the slot stays',
    { message: 'Table orders was not published.', replacesSlot: false },
    ['Table orders was not published.', ...REDONE],
  ],
  [
    'a restore: every position begins anew',
    { message: 'The database is behind Kafka.', raisesEpoch: true, epoch: 3 },
    [
      'The database is behind Kafka.',
      '  This database counts from now on: epoch 3, newer than everything in Kafka.',
      '  The replication slot is dropped if it is there, and made anew.',
      ...REDONE,
    ],
  ],
  [
    'a table that is no source any more',
    { tables: [], replacesSlot: false },
    [PLAN.message, '  No row is read again: no table concerned is a source any more.'],
  ],
])('what somebody is asked to agree to before a repair: %s', (_what, changes, lines) => {
  expect(planLines({ ...PLAN, ...changes })).toEqual(lines);
});
