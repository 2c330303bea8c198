// Facts to be bent by tests: a reader that streamed a moment ago and finds everything as it left it.
import type { PublishedObjects, PublishedTable } from '../../../shared/postgres/published.ts';
import type { SlotState } from '../../../shared/postgres/slots.ts';
import type { PositionRow } from '../../../shared/side-tables/positions.ts';
import type { PreflightFacts } from './facts.ts';

export const table = (name: string, changes: Partial<PublishedTable> = {}): PublishedTable => ({
  schema: 'public',
  name,
  oid: 100,
  isPartitioned: false,
  member: 200,
  isPublished: true,
  columns: null,
  types: [['id', 20]],
  filter: null,
  identity: 'd',
  key: ['id'],
  ...changes,
});

export const published = (changes: Partial<PublishedObjects> = {}): PublishedObjects => ({
  publication: 300,
  alteredBy: '900',
  isWhole: true,
  isByRoot: true,
  tables: [table('a'), table('b', { oid: 101, member: 201 })],
  ...changes,
});

export const slot = (changes: Partial<SlotState> = {}): SlotState => ({
  plugin: 'pgoutput',
  database: 'shop',
  active: false,
  activePid: null,
  walStatus: 'reserved',
  invalidationReason: null,
  restart: '0/400',
  confirmed: '0/500',
  safeBytes: null,
  ...changes,
});

export const stored = (changes: Partial<PositionRow> = {}): PositionRow => ({
  epoch: 1,
  systemId: '7',
  timeline: 1,
  lsn: 0x500n,
  published: published(),
  ...changes,
});

export const healthyFacts = (changes: Partial<PreflightFacts> = {}): PreflightFacts => ({
  server: {
    version: '18.4',
    versionNumber: 180_004,
    database: 'shop',
    isInRecovery: false,
    isReadOnly: false,
  },
  system: { systemId: '7', timeline: 1, lsn: 0x600n, history: [] },
  slot: slot(),
  published: published(),
  stored: stored(),
  twin: { epoch: 1, systemId: '7', timeline: 1, lsn: 0x500n },
  gap: undefined,
  ...changes,
});
