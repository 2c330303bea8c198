import { expect, test } from 'vitest';
import type { PgoutputMessage } from '../../shared/postgres/pgoutput.ts';
import { Capture } from './capture.ts';
import { type CaptureContext, ChangeEvents } from './change-events.ts';
import type { CommitMark } from './publisher.ts';
import { SlotProgress } from './slot-progress.ts';

const OID = 16_400;
const PARTITIONS = 3;
const context: CaptureContext = {
  pipeline: 'afterglow',
  database: 'shop',
  version: '18.4',
  epoch: 1,
  tables: new Map([
    ['public.reviews', { topic: 'afterglow.cdc.public.reviews', partitions: PARTITIONS, key: ['id'] }],
  ]),
  recordBytesMax: 1_000,
  nowMs: () => 1_700_000_000_500,
};
const begin: PgoutputMessage = { tag: 'begin', commitLsn: 0x20n, committedAtUs: 0, xid: 77 };
const commit: PgoutputMessage = { tag: 'commit', commitLsn: 0x20n, commitEndLsn: 0x40n, committedAtUs: 0 };

/** What a transaction of these changes counts, and how many records of the table it pushed. */
function captured(...messages: readonly PgoutputMessage[]) {
  const events = new ChangeEvents(context, undefined);
  const columns = ['id', 'body'].map((name, place) => ({ name, partOfKey: place === 0, typeOid: 25 }));
  const table = { schema: 'public', name: 'reviews' };
  const relation = { tag: 'relation', oid: OID, ...table, replicaIdentity: 'default', columns } as const;
  events.tables.learn(relation, table, 1, new Map());
  const marks: CommitMark[] = [];
  let records = 0;
  const capture = new Capture(context, events, new SlotProgress(0n), {
    push: (outgoing) => {
      if ('mark' in outgoing) marks.push(outgoing.mark);
      if ('record' in outgoing && outgoing.record.topic.includes('.cdc.')) records++;
    },
    heartbeat: () => {},
  });
  for (const message of [begin, ...messages])
    capture.accept({ kind: 'change', message, lsn: 0x18, bytes: 0 });
  expect(capture.isOpen).toBe(true);
  capture.accept({ kind: 'change', message: commit, lsn: 0x18, bytes: 0 });
  expect(capture.isOpen).toBe(false);
  return { counts: marks.flatMap(({ counts }) => counts), records };
}

const insert: PgoutputMessage = { tag: 'insert', relationOid: OID, after: ['1', 'good'] };

test.each<[string, readonly PgoutputMessage[], number, number]>([
  ['an insert is one event and one record', [insert], 1, 1],
  [
    'a deletion brings its tombstone',
    [{ tag: 'delete', relationOid: OID, before: { kind: 'key', tuple: ['1', null] } }],
    1,
    2,
  ],
  [
    'another key is a deletion and a new row',
    [{ tag: 'update', relationOid: OID, before: { kind: 'key', tuple: ['1', null] }, after: ['2', 'good'] }],
    2,
    3,
  ],
  [
    'a truncate is one event in every partition',
    [insert, { tag: 'truncate', relationOids: [OID], options: 0 }],
    2,
    1 + PARTITIONS,
  ],
])('%s', (_name, messages, published, records) => {
  const found = captured(...messages);
  expect(found.counts).toEqual([{ table: 'public.reviews', published, records, parked: 0 }]);
  expect(found.records).toBe(records);
});

test('what cannot even be read is archived for a source, and passed for a table that nobody asks for', () => {
  const events = new ChangeEvents(context, undefined);
  const columns = [{ name: 'id', partOfKey: true, typeOid: 25 }];
  const relation = {
    tag: 'relation',
    oid: OID,
    schema: 'public',
    replicaIdentity: 'default',
    columns,
  } as const;
  const reviews = { ...relation, name: 'reviews' };
  events.tables.learn(reviews, reviews, 1, new Map());
  events.tables.pass({ ...relation, oid: OID + 1, name: 'salaries' });
  const archived: string[] = [];
  const capture = new Capture(context, events, new SlotProgress(0n), {
    push: (outgoing) => {
      if ('record' in outgoing && outgoing.record.topic.endsWith('.dead.capture'))
        archived.push(String(outgoing.record.value));
    },
    heartbeat: () => {},
  });
  capture.accept({ kind: 'change', message: begin, lsn: 0x18, bytes: 0 });
  for (const oid of [OID, OID + 1]) {
    const raw = Buffer.from('I....?');
    raw.writeUInt32BE(oid, 1);
    capture.accept({ kind: 'undecodable', raw, lsn: 0x18, bytes: raw.length });
  }
  expect(archived.map((letter) => JSON.parse(letter).original.headers.table)).toEqual(['public.reviews']);
});
