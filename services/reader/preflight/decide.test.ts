import { describe, expect, test } from 'vitest';
import type { StoredPosition } from '../../../shared/contracts/stored-position.ts';
import type { SystemIdentity } from '../../../shared/postgres/identify-system.ts';
import type { PublishedObjects } from '../../../shared/postgres/published.ts';
import type { Gap } from '../../../shared/side-tables/gaps.ts';
import { type Decision, decide, knownPosition } from './decide.ts';
import type { PreflightFacts, ServerState } from './facts.ts';
import { healthyFacts, published, slot, stored, table } from './facts-of-tests.ts';

const decided = (changes: Partial<PreflightFacts>): Decision => decide(healthyFacts(changes), 'afterglow');
const { server: healthyServer } = healthyFacts();
const server = (changes: Partial<ServerState>): ServerState => ({ ...healthyServer, ...changes });
const twin = (changes: Partial<StoredPosition>): StoredPosition => ({
  epoch: 1,
  systemId: '7',
  timeline: 1,
  lsn: 0x500n,
  ...changes,
});
const system = (changes: Partial<SystemIdentity>): SystemIdentity => ({
  systemId: '7',
  timeline: 1,
  lsn: 0x600n,
  history: [],
  ...changes,
});
const left = (endLsn: bigint): SystemIdentity => system({ timeline: 2, history: [{ timeline: 1, endLsn }] });
const halted: Gap = {
  id: '1',
  reason: 'slot_lost',
  detail: 'The slot was gone.',
  halts: true,
  tables: [],
  from: { epoch: 1, lsn: 1n },
  to: null,
  state: 'open',
  foundAt: '',
  repairedAt: null,
  closedAt: null,
  jobs: [],
  counts: null,
};
const nothing = { stored: undefined, twin: undefined };

describe('streams', () => {
  test.each<[string, Partial<PreflightFacts>]>([
    ['when everything is as it was left', {}],
    ['from a slot that a crash set back', { slot: slot({ confirmed: '0/400' }) }],
    ['when Kafka has not heard of the last position', { twin: twin({ lsn: 0x400n }) }],
    ['when the topic of positions was made anew', { twin: undefined }],
    ['from a slot that was made, but never acknowledged', nothing],
    ['up to a slot that only Kafka knows to be that far', { stored: stored({ lsn: 0x500n }), slot: slot() }],
    ['after a repair that Kafka has not heard of', { stored: stored({ epoch: 2, lsn: 0x550n }) }],
    [
      'with a table that is new in the definition',
      { published: published({ tables: [table('a'), table('c')] }) },
    ],
    ['without a record of what was published', { stored: stored({ published: undefined }) }],
    ['close to the loss', { slot: slot({ walStatus: 'unreserved' }) }],
  ])('%s', (_name, changes) => {
    expect(decided(changes)).toEqual({ action: 'stream', isPromoted: false, gap: undefined });
  });

  test.each<[string, Partial<PreflightFacts>]>([
    ['on a promoted standby that had everything', { system: left(0x500n) }],
    [
      'on one whose own row is behind, while its log is not',
      { system: left(0x510n), stored: stored({ lsn: 0x480n }) },
    ],
  ])('and says so %s', (_name, changes) => {
    expect(decided(changes)).toMatchObject({ action: 'stream', isPromoted: true });
  });

  test('and records what the documented ALTER of a column list leaves to be looked at', () => {
    const changed = table('a', { member: 250, columns: ['id'], types: [['id', 20]] });
    const decision = decided({
      published: published({ tables: [changed, published().tables[1] ?? changed] }),
    });
    expect(decision).toMatchObject({
      action: 'stream',
      gap: { halts: false, reason: 'publication_changed', tables: [{ schema: 'public', name: 'a' }] },
    });
  });
});

test('records for every table that the publication was altered, though it is as it was again', () => {
  const decision = decided({ published: published({ alteredBy: '901' }) });
  expect(decision).toMatchObject({
    action: 'stream',
    gap: { halts: false, reason: 'publication_changed', tables: [{ name: 'a' }, { name: 'b' }] },
  });
  // A record of before this was looked at says nothing.
  const { alteredBy: _unknown, ...older } = published();
  expect(decided({ stored: stored({ published: older as PublishedObjects }) })).toMatchObject({
    gap: undefined,
  });
});

test('a halt is for everything that changed, since its repair counts what is published then', () => {
  const now = published({
    tables: [table('a', { isPublished: false, member: null }), table('b', { oid: 9 })],
  });
  expect(decided({ published: now })).toMatchObject({
    code: 'publication_incomplete',
    gap: { tables: [{ name: 'a' }, { name: 'b' }] },
  });
  const [, b] = published().tables;
  const altered = published({ alteredBy: '901', tables: [table('a', { oid: 9 }), b ?? table('b')] });
  expect(decided({ published: altered })).toMatchObject({
    code: 'publication_changed',
    gap: { tables: [{ name: 'a' }, { name: 'b' }] },
  });
});

test('makes a slot only when nothing was ever stored anywhere', () => {
  expect(decided({ slot: undefined, ...nothing })).toEqual({ action: 'create' });
});

describe('waits', () => {
  test.each<[string, Partial<PreflightFacts>]>([
    ['recovery', { server: server({ isInRecovery: true }), slot: undefined }],
    ['read_only', { server: server({ isReadOnly: true }) }],
    ['standby', { slot: slot({ active: true, activePid: 7 }) }],
    // Read while the other reader moves: nothing of it may look like a loss.
    [
      'standby',
      { slot: slot({ active: true, activePid: 7, confirmed: '0/580' }), twin: twin({ lsn: 0x580n }) },
    ],
  ])('%s', (reason, changes) => {
    expect(decided(changes)).toMatchObject({ action: 'wait', reason });
  });
});

describe('halts', () => {
  test.each<[string, string, Partial<PreflightFacts>]>([
    ['slot missing', 'slot_lost', { slot: undefined }],
    ['slot missing, only Kafka remembers', 'database_restored', { slot: undefined, stored: undefined }],
    ['slot invalidated', 'slot_lost', { slot: slot({ walStatus: 'lost', confirmed: null }) }],
    ['slot invalidated, 17 and later', 'slot_lost', { slot: slot({ invalidationReason: 'idle_timeout' }) }],
    ['slot beyond the position', 'slot_moved', { slot: slot({ confirmed: '0/501' }) }],
    ['slot of another plugin', 'slot_foreign', { slot: slot({ plugin: 'wal2json' }) }],
    ['slot of another database', 'slot_foreign', { slot: slot({ database: 'other' }) }],
    ['another system', 'database_forked', { system: system({ systemId: '8' }) }],
    [
      'another system by an older copy in Kafka',
      'database_forked',
      { twin: twin({ systemId: '8', lsn: 1n }) },
    ],
    ['another system by Kafka alone', 'database_forked', { twin: twin({ systemId: '8', lsn: 0x501n }) }],
    ['the log ends before the position', 'database_forked', { system: system({ lsn: 0x4ffn }) }],
    ['a promoted standby that lagged', 'database_forked', { system: left(0x4ffn) }],
    ['a timeline that never was ours', 'database_forked', { system: system({ timeline: 3 }) }],
    ['a restored copy', 'database_restored', { stored: stored({ lsn: 0x480n }) }],
    ['a copy of an earlier epoch', 'database_restored', { twin: twin({ epoch: 2, lsn: 0x100n }) }],
    [
      'a promoted standby behind Kafka',
      'database_forked',
      { system: left(0x4f0n), stored: stored({ lsn: 0x480n }) },
    ],
    ['no publication', 'publication_incomplete', { published: published({ publication: null }) }],
    ['a publication of inserts only', 'publication_incomplete', { published: published({ isWhole: false }) }],
    [
      'a table left out',
      'publication_incomplete',
      { published: published({ tables: [table('a', { isPublished: false, member: null })] }) },
    ],
    ['a publication made anew', 'publication_changed', { published: published({ publication: 301 }) }],
    [
      'a table made anew',
      'publication_changed',
      { published: published({ tables: [table('a', { oid: 9 })] }) },
    ],
    [
      'a table put back',
      'publication_changed',
      { published: published({ tables: [table('a', { member: 9 })] }) },
    ],
    [
      'another identity',
      'publication_changed',
      { published: published({ tables: [table('a', { identity: 'f' })] }) },
    ],
    [
      'another key',
      'publication_changed',
      { published: published({ tables: [table('a', { key: ['x'] })] }) },
    ],
    [
      'another filter',
      'publication_changed',
      { published: published({ tables: [table('a', { filter: 'x' })] }) },
    ],
    ['what nobody repaired', 'slot_lost', { gap: halted }],
  ])('%s: %s', (_name, code, changes) => {
    expect(decided(changes)).toMatchObject({ action: 'halt', code });
  });

  test('with a gap from where Kafka has everything, for the tables concerned', () => {
    const position = { epoch: 1, lsn: 0x500n };
    expect(decided({ slot: undefined })).toMatchObject({
      gap: { from: position, tables: [{ name: 'a' }, { name: 'b' }], halts: true },
    });
    expect(decided({ published: published({ tables: [table('a'), table('b', { oid: 9 })] }) })).toMatchObject(
      {
        gap: { from: position, tables: [{ schema: 'public', name: 'b' }] },
      },
    );
  });

  test('without a gap while partitions are published instead of their table: the log has their rows', () => {
    const partitioned = table('a', { isPartitioned: true, isPublished: false });
    const now = published({ isByRoot: false, alteredBy: '901', tables: [partitioned] });
    expect(decided({ published: now })).toMatchObject({
      action: 'halt',
      code: 'publication_by_partition',
      message: expect.stringMatching(/^Table public.a is published by its partitions/),
      gap: null,
    });
    expect(decided({ published: { ...now, tables: [table('a')] } }).action).toBe('stream');
  });

  test('without a word in a database that is not the one Kafka knows', () => {
    expect(decided({ system: system({ systemId: '8' }) })).toMatchObject({ gap: null });
    expect(decided({ stored: stored({ lsn: 0x480n }) })).toMatchObject({ gap: null });
  });

  test('without a gap where nothing was captured yet', () => {
    const decision = decided({ ...nothing, published: published({ publication: null }) });
    expect(decision).toMatchObject({ action: 'halt', code: 'publication_incomplete', gap: null });
  });
});

test('the known position is the farther one, a later epoch always being farther', () => {
  expect(knownPosition(healthyFacts({ twin: twin({ lsn: 0x501n }) }))?.lsn).toBe(0x501n);
  expect(knownPosition(healthyFacts({ twin: twin({ epoch: 2, lsn: 1n }) }))?.epoch).toBe(2);
  expect(knownPosition(healthyFacts(nothing))).toBeUndefined();
});
