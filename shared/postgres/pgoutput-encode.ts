import { type RowMessage, type Tuple, UNCHANGED } from './pgoutput.ts';

/** The bytes of a row message again, exactly as they came: kept only as text, a change that fails can still be archived whole. */
export function encodeRowMessage(message: RowMessage): Buffer {
  switch (message.tag) {
    case 'insert':
      return Buffer.concat([
        letter('I'),
        uint32(message.relationOid),
        letter('N'),
        encodeTuple(message.after),
      ]);
    case 'update': {
      const { relationOid, before, after } = message;
      const old =
        before === undefined ? [] : [letter(before.kind === 'key' ? 'K' : 'O'), encodeTuple(before.tuple)];
      return Buffer.concat([letter('U'), uint32(relationOid), ...old, letter('N'), encodeTuple(after)]);
    }
    case 'delete': {
      const { relationOid, before } = message;
      const kind = letter(before.kind === 'key' ? 'K' : 'O');
      return Buffer.concat([letter('D'), uint32(relationOid), kind, encodeTuple(before.tuple)]);
    }
    case 'truncate': {
      const { relationOids, options } = message;
      return Buffer.concat([
        letter('T'),
        uint32(relationOids.length),
        Buffer.from([options]),
        ...relationOids.map(uint32),
      ]);
    }
  }
}

function encodeTuple(tuple: Tuple): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(tuple.length);
  const values = tuple.flatMap((value) => {
    if (value === null) return [letter('n')];
    if (value === UNCHANGED) return [letter('u')];
    const bytes = Buffer.from(value);
    return [letter('t'), uint32(bytes.length), bytes];
  });
  return Buffer.concat([count, ...values]);
}

const letter = (character: string): Buffer => Buffer.from(character, 'latin1');

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
