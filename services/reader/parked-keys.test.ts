import { expect, test } from 'vitest';
import { type RowMessage, UNCHANGED } from '../../shared/postgres/pgoutput.ts';
import { keysOfMessage, keysOfRow } from './parked-keys.ts';
import { type TableShape, tableShape } from './table-shape.ts';

const OID = 16_400;
const BIGINT = 20;
const TEXT = 25;
const shape: TableShape = tableShape(
  {
    tag: 'relation',
    oid: OID,
    schema: 'public',
    name: 'notes',
    replicaIdentity: 'full',
    columns: [
      { name: 'body', partOfKey: false, typeOid: TEXT },
      { name: 'shop', partOfKey: true, typeOid: TEXT },
      { name: 'number', partOfKey: true, typeOid: BIGINT },
    ],
  },
  { topic: 'notes', partitions: 1, key: ['number', 'shop'] },
  new Map(),
  {} as TableShape['part'],
);
const key = (number: string, shop = 'a') => ({ number, shop });

test.each<[string, RowMessage, object]>([
  [
    'an insert, in the order of its index',
    { tag: 'insert', relationOid: OID, after: ['text', 'a', '7'] },
    { key: key('7'), oldKey: null },
  ],
  [
    'a delete by the row that is gone',
    { tag: 'delete', relationOid: OID, before: { kind: 'key', tuple: [null, 'a', '7'] } },
    { key: key('7'), oldKey: null },
  ],
  [
    'an update that leaves the key alone',
    {
      tag: 'update',
      relationOid: OID,
      before: { kind: 'row', tuple: ['before', 'a', '7'] },
      after: ['text', UNCHANGED, '7'],
    },
    { key: key('7'), oldKey: null },
  ],
  [
    'an update of the key, by both rows that it is about',
    {
      tag: 'update',
      relationOid: OID,
      before: { kind: 'key', tuple: [null, 'a', '7'] },
      after: ['text', 'b', '8'],
    },
    { key: key('8', 'b'), oldKey: key('7') },
  ],
  [
    'nothing where the key itself did not come',
    { tag: 'update', relationOid: OID, before: undefined, after: ['text', UNCHANGED, '7'] },
    { key: null, oldKey: null },
  ],
  [
    'nothing where the key alone would fill a record',
    { tag: 'insert', relationOid: OID, after: ['text', 'a'.repeat(100_000), '7'] },
    { key: null, oldKey: null },
  ],
  [
    'nothing for a truncate',
    { tag: 'truncate', relationOids: [OID], options: 0 },
    { key: null, oldKey: null },
  ],
])('a change that could not be decoded is named as %s', (_name, message, expected) => {
  expect(keysOfMessage(shape, message)).toEqual(expected);
});

test('a row that was read again is named by itself, or by the key that it was asked for by', () => {
  const keyTuple = [null, 'a', '7'];
  const row = { key: '', tuple: ['text', 'a', '9'], keyTuple };
  expect(keysOfRow(shape, row)).toEqual({ key: key('9'), oldKey: null });
  expect(keysOfRow(shape, { ...row, tuple: undefined })).toEqual({ key: key('7'), oldKey: null });
});
