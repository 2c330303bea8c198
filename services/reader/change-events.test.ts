import { describe, expect, test } from 'vitest';
import { type ChangeEvent, changeEvent, UNAVAILABLE_VALUE } from '../../shared/contracts/events.ts';
import { ROW_KEY_CHARACTERS_MAX } from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { TopicRecord } from '../../shared/kafka/producer.ts';
import { type PgoutputMessage, type Relation, UNCHANGED } from '../../shared/postgres/pgoutput.ts';
import { ChangeEvents } from './change-events.ts';

const OID = 16_400;
const relation = (replicaIdentity: Relation['replicaIdentity'] = 'default'): Relation => ({
  tag: 'relation',
  oid: OID,
  schema: 'public',
  name: 'reviews',
  replicaIdentity,
  columns: [
    { name: 'id', partOfKey: true, typeOid: 20 },
    { name: 'rating', partOfKey: false, typeOid: 21 },
    { name: 'body', partOfKey: false, typeOid: 25 },
  ],
});
const begin: PgoutputMessage = {
  tag: 'begin',
  commitLsn: 0x20n,
  committedAtUs: 1_700_000_000_123_456,
  xid: 77,
};
const commit: PgoutputMessage = { tag: 'commit', commitLsn: 0x20n, commitEndLsn: 0x40n, committedAtUs: 0 };

const changeEvents = (recordBytesMax = 1_000) =>
  new ChangeEvents({
    pipeline: 'afterglow',
    database: 'shop',
    version: '18.4',
    epoch: 1,
    tables: new Map([
      ['public.reviews', { topic: 'afterglow.cdc.public.reviews', partitions: 3, key: ['id'] }],
    ]),
    recordBytesMax,
    nowMs: () => 1_700_000_000_500,
  });

function recordsOf(...messages: PgoutputMessage[]) {
  const events = changeEvents();
  return messages
    .flatMap((message) => {
      if (message.tag !== 'relation') return events.accept(message, 0x18);
      events.tables.learn(message, message, 1, new Map());
      return [];
    })
    .map((record) => ({
      ...record,
      event: record.value === null ? null : (JSON.parse(String(record.value)) as ChangeEvent),
    }));
}

describe('change events', () => {
  test('an insert is a whole event that the schema accepts, keyed by the row key', () => {
    const [record] = recordsOf(begin, relation(), {
      tag: 'insert',
      relationOid: OID,
      after: ['9007199254740993', '5', 'good'],
    });
    expect(changeEvent.safeParse(record?.event).success).toBe(true);
    expect(record).toMatchObject({ topic: 'afterglow.cdc.public.reviews', key: '{"id":"9007199254740993"}' });
    expect(record?.event).toMatchObject({
      before: null,
      after: { id: '9007199254740993', rating: 5, body: 'good' },
      op: 'c',
      source: {
        epoch: 1,
        commit_lsn: '00000000/00000020',
        event_index: 0,
        ts_us: 1_700_000_000_123_456,
        txId: 77,
        lsn: 24,
      },
    });
  });

  test('row events of a transaction are numbered, and the next transaction begins at zero', () => {
    const insert: PgoutputMessage = { tag: 'insert', relationOid: OID, after: ['1', '5', 'good'] };
    const indexes = recordsOf(begin, relation(), insert, insert, commit, begin, insert).map(
      ({ event }) => event?.source.event_index,
    );
    expect(indexes).toEqual([0, 1, 0]);
  });

  test('an untouched TOAST value is named as unchanged, never null', () => {
    const [record] = recordsOf(begin, relation(), {
      tag: 'update',
      relationOid: OID,
      before: undefined,
      after: ['1', '4', UNCHANGED],
    });
    expect(record?.event?.after).toEqual({ id: '1', rating: 4, body: UNAVAILABLE_VALUE });
    expect(record?.event?.source.unchanged).toEqual(['body']);
  });

  test('under REPLICA IDENTITY FULL the old row fills what the update left out', () => {
    const [record] = recordsOf(begin, relation('full'), {
      tag: 'update',
      relationOid: OID,
      before: { kind: 'row', tuple: ['1', '5', 'long'] },
      after: ['1', '4', UNCHANGED],
    });
    expect(record?.event).toMatchObject({
      op: 'u',
      before: { body: 'long' },
      after: { rating: 4, body: 'long' },
    });
    expect(record?.event?.source.unchanged).toBeUndefined();
  });

  test('a change of the key is a delete, a tombstone and a create, at two positions', () => {
    const records = recordsOf(begin, relation(), {
      tag: 'update',
      relationOid: OID,
      before: { kind: 'key', tuple: ['1', null, null] },
      after: ['2', '4', 'x'],
    });
    expect(records.map(({ key, event }) => [key, event?.op, event?.source.event_index])).toEqual([
      ['{"id":"1"}', 'd', 0],
      ['{"id":"1"}', undefined, undefined],
      ['{"id":"2"}', 'c', 1],
    ]);
    expect(records[0]?.event?.before).toEqual({ id: '1' });
  });

  test('a truncate goes to every partition at one position', () => {
    const records = recordsOf(begin, relation(), { tag: 'truncate', relationOids: [OID], options: 0 });
    expect(
      records.map(({ partition, key, event }) => [partition, key, event?.op, event?.source.event_index]),
    ).toEqual([
      [0, '{}', 't', 0],
      [1, '{}', 't', 0],
      [2, '{}', 't', 0],
    ]);
  });

  test('a row too large for its topic goes without its largest columns, and says which', () => {
    const insert: PgoutputMessage = { tag: 'insert', relationOid: OID, after: ['1', '5', 'é'.repeat(900)] };
    const [record, next] = recordsOf(begin, relation(), insert, { ...insert, after: ['2', '5', 'short'] });
    expect(record?.event?.after).toEqual({ id: '1', rating: 5, body: UNAVAILABLE_VALUE });
    expect(record?.event?.source).toMatchObject({ omitted: ['body'], event_index: 0 });
    expect(changeEvent.safeParse(record?.event).success).toBe(true);
    expect(next?.event?.source.event_index).toBe(1);
  });

  test('the key counts as well as the value: together they are what the topic takes, or the row is parked', () => {
    const wide: Relation = {
      ...relation(),
      columns: relation().columns.map((column) => ({ ...column, typeOid: 25 })),
    };
    const insert = (id: string, body: string): PgoutputMessage => ({
      tag: 'insert',
      relationOid: OID,
      after: [id, '5', body],
    });
    const remove = (id: string): PgoutputMessage => ({
      tag: 'delete',
      relationOid: OID,
      before: { kind: 'key', tuple: [id, null, null] },
    });
    const sizes = new Set<number>();
    for (let keyBytes = 1; keyBytes < 800; keyBytes += 7) {
      const id = 'é'.repeat(keyBytes);
      for (const message of [insert(id, 'x'.repeat(300)), remove(id)]) {
        try {
          for (const { key, value } of recordsOf(begin, wide, message)) {
            sizes.add(Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? ''));
          }
        } catch (error) {
          expect(error).toMatchObject({ kind: 'undecodable', code: 'too_large' });
        }
      }
    }
    expect(sizes.size).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
  });

  test('a key that no record of an outcome could carry parks its row, before anything of it goes out', () => {
    const id = 'x'.repeat(ROW_KEY_CHARACTERS_MAX);
    const wide: Relation = {
      ...relation(),
      columns: relation().columns.map((column) => ({ ...column, typeOid: 25 })),
    };
    const events = changeEvents(10 * ROW_KEY_CHARACTERS_MAX);
    events.tables.learn(wide, wide, 1, new Map());
    events.accept(begin, 0);
    const before = { kind: 'key', tuple: ['1', null, null] } as const;
    for (const message of [
      { tag: 'insert', relationOid: OID, after: [id, '5', ''] },
      { tag: 'update', relationOid: OID, before, after: [id, '5', ''] },
      { tag: 'delete', relationOid: OID, before: { kind: 'key', tuple: [id, null, null] } },
    ] satisfies PgoutputMessage[]) {
      expect(() => events.accept(message, 0)).toThrow('the key is too large');
    }
    const shorter = id.slice('{"id":""}'.length);
    expect(
      events.accept({ tag: 'insert', relationOid: OID, after: [shorter, '5', ''] }, 0)[0]?.key,
    ).toHaveLength(ROW_KEY_CHARACTERS_MAX);
  });

  test('rows of a partition are rows of its table, what empties it empties nothing else, and rows of others are passed', () => {
    const events = changeEvents();
    const partition = { ...relation(), oid: 20, name: 'reviews_old' };
    const left = { ...relation(), oid: 30, name: 'visits' };
    events.tables.learnPartition(partition, relation(), 1, new Map());
    events.tables.pass(left);
    events.accept(begin, 0x18);
    const insert = (relationOid: number): readonly TopicRecord[] =>
      events.accept({ tag: 'insert', relationOid, after: ['1', '5', 'x'] }, 0x18);
    expect(insert(partition.oid)).toMatchObject([{ topic: 'afterglow.cdc.public.reviews' }]);
    expect(insert(left.oid)).toEqual([]);
    const relationOids = [partition.oid, left.oid];
    expect(events.accept({ tag: 'truncate', relationOids, options: 0 }, 0x18)).toEqual([]);
  });

  test('a row of a table that was not described, or a key that is not published, stops the reader', () => {
    const foreign = { ...relation(), name: 'customers' };
    const insert: PgoutputMessage = { tag: 'insert', relationOid: OID, after: ['1', '5', 'x'] };
    expect(recordsOf(begin, foreign)).toEqual([]);
    expect(() => recordsOf(begin, foreign, insert)).toThrow(Fault);
    expect(() => recordsOf({ ...relation(), columns: relation().columns.slice(1) })).toThrow(/key column id/);
  });
});
