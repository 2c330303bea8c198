import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePgoutput, type RowMessage, UNCHANGED } from './pgoutput.ts';
import { encodeRowMessage } from './pgoutput-encode.ts';

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const uint64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from('t'), uint32(Buffer.byteLength(value)), Buffer.from(value)]);
const message = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));

const begin = message('B', uint64(0x16b374d848n), uint64(0n), uint32(4_000_000_000));
const relation = message(
  'R',
  uint32(16_400),
  'public\0größe\0',
  'd',
  uint16(2),
  Buffer.from([1]),
  'id\0',
  uint32(20),
  uint32(0xffffffff),
  Buffer.from([0]),
  'note\0',
  uint32(25),
  uint32(0xffffffff),
);
const update = message('U', uint32(16_400), 'K', uint16(2), text('1'), 'n', 'N', uint16(2), text('2'), 'u');

describe('the pgoutput decoder', () => {
  test('reads a begin: unsigned xid, microseconds since 1970', () => {
    expect(decodePgoutput(begin)).toEqual({
      tag: 'begin',
      commitLsn: 0x16b374d848n,
      committedAtUs: 946_684_800_000_000,
      xid: 4_000_000_000,
    });
  });

  test('reads a relation with names outside ASCII', () => {
    expect(decodePgoutput(relation)).toMatchObject({
      tag: 'relation',
      name: 'größe',
      replicaIdentity: 'default',
      columns: [
        { name: 'id', partOfKey: true, typeOid: 20 },
        { name: 'note', partOfKey: false, typeOid: 25 },
      ],
    });
  });

  test('tells an unchanged value from null, and an old key from a whole old row', () => {
    expect(decodePgoutput(update)).toEqual({
      tag: 'update',
      relationOid: 16_400,
      before: { kind: 'key', tuple: ['1', null] },
      after: ['2', UNCHANGED],
    });
  });

  test('the bytes of a row message can be written again exactly', () => {
    const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant(null), fc.constant(UNCHANGED));
    const tuple = fc.array(value, { maxLength: 8 });
    const old = fc.record({ kind: fc.constantFrom('key' as const, 'row' as const), tuple });
    const relationOid = fc.nat(2 ** 32 - 1);
    const rowMessage: fc.Arbitrary<RowMessage> = fc.oneof(
      fc.record({ tag: fc.constant('insert' as const), relationOid, after: tuple }),
      fc.record({
        tag: fc.constant('update' as const),
        relationOid,
        before: fc.option(old, { nil: undefined }),
        after: tuple,
      }),
      fc.record({ tag: fc.constant('delete' as const), relationOid, before: old }),
      fc.record({
        tag: fc.constant('truncate' as const),
        relationOids: fc.array(relationOid),
        options: fc.nat(3),
      }),
    );
    expect(encodeRowMessage(decodePgoutput(update) as RowMessage)).toEqual(update);
    fc.assert(
      fc.property(rowMessage, (message) => {
        const bytes = encodeRowMessage(message);
        const again = decodePgoutput(bytes) as RowMessage;
        expect(again).toEqual(message);
        expect(encodeRowMessage(again)).toEqual(bytes);
      }),
    );
  });

  test('answers any cut or altered message with a RangeError or a message, never anything else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(begin, relation, update),
        fc.nat(),
        fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))),
        (whole, length, change) => {
          const bytes = Buffer.from(whole.subarray(0, length % (whole.length + 1)));
          if (change !== null && bytes.length > 0) bytes[change[0] % bytes.length] = change[1];
          try {
            expect(decodePgoutput(bytes)).toHaveProperty('tag');
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
    );
  });
});
