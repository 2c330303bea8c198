import { expect, test } from 'vitest';
import { type RowMessage, type Tuple, UNCHANGED } from '../../shared/postgres/pgoutput.ts';
import { encodeRowMessage } from '../../shared/postgres/pgoutput-encode.ts';
import { bytesOfMessage, bytesOfRow } from './parked-bytes.ts';
import { type CapturedTable, type TableShape, tableShape } from './table-shape.ts';

const OID = 16_400;
const BIGINT = 20;
const TEXT = 25;

const shapeOf = (table: Partial<CapturedTable>): TableShape =>
  tableShape(
    {
      tag: 'relation',
      oid: OID,
      schema: 'public',
      name: 'people',
      replicaIdentity: 'full',
      columns: [
        { name: 'id', partOfKey: true, typeOid: BIGINT },
        { name: 'secret', partOfKey: false, typeOid: TEXT },
        { name: 'name', partOfKey: false, typeOid: TEXT },
      ],
    },
    { topic: 'people', partitions: 1, key: ['id'], ...table },
    new Map(),
    {} as TableShape['part'],
  );

/** The same change, with this in place of every value of the secret. */
const changes = (secret: Tuple[number]): readonly RowMessage[] => [
  { tag: 'insert', relationOid: OID, after: ['7', secret, 'a'] },
  { tag: 'update', relationOid: OID, before: undefined, after: ['7', secret, 'a'] },
  {
    tag: 'update',
    relationOid: OID,
    before: { kind: 'row', tuple: ['7', secret, 'a'] },
    after: ['8', secret, null],
  },
  { tag: 'delete', relationOid: OID, before: { kind: 'row', tuple: ['7', secret, 'a'] } },
];

test.each(changes('hidden').map((message, index) => ({ message, without: changes(UNCHANGED)[index] })))(
  'an archived $message.tag has everything but the value of an excluded column',
  ({ message, without }) => {
    const bytes = bytesOfMessage(shapeOf({ excluded: ['secret'] }), message);
    expect(bytes.toString('latin1')).not.toContain('hidden');
    expect(bytes).toEqual(encodeRowMessage(without as RowMessage));
    expect(bytesOfMessage(shapeOf({}), message)).toEqual(encodeRowMessage(message));
  },
);

test('an archived row that was read again has no value of an excluded column', () => {
  const row = { key: '{"id":7}', tuple: ['7', 'hidden', 'a'], keyTuple: ['7', null, null] };
  expect(JSON.parse(bytesOfRow(shapeOf({ excluded: ['secret'] }), row).toString())).toEqual(['7', null, 'a']);
  expect(JSON.parse(bytesOfRow(shapeOf({}), row).toString())).toEqual(row.tuple);
});
