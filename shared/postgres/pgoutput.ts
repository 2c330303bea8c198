// Decodes pgoutput, protocol 1. Ours, because it is the hot path and must keep every value's exact text: the library's
// own parser turns timestamps into Dates, big JSON numbers into floats and untouched TOAST values into nothing.

import { isAscii } from 'node:buffer';

/** A value this update did not touch and the log does not carry. */
export const UNCHANGED = Symbol('unchanged TOAST value');
export type TupleValue = string | null | typeof UNCHANGED;
export type Tuple = readonly TupleValue[];

export interface RelationColumn {
  readonly name: string;
  readonly partOfKey: boolean;
  readonly typeOid: number;
}

export interface Relation {
  readonly tag: 'relation';
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
  readonly columns: readonly RelationColumn[];
}

export type PgoutputMessage =
  | {
      readonly tag: 'begin';
      readonly commitLsn: bigint;
      readonly committedAtUs: number;
      readonly xid: number;
    }
  | {
      readonly tag: 'commit';
      readonly commitLsn: bigint;
      readonly commitEndLsn: bigint;
      readonly committedAtUs: number;
    }
  | Relation
  | { readonly tag: 'insert'; readonly relationOid: number; readonly after: Tuple }
  | {
      readonly tag: 'update';
      readonly relationOid: number;
      /** The old key if it changed, or the whole old row under REPLICA IDENTITY FULL. */
      readonly before: { readonly kind: 'key' | 'row'; readonly tuple: Tuple } | undefined;
      readonly after: Tuple;
    }
  | {
      readonly tag: 'delete';
      readonly relationOid: number;
      readonly before: { readonly kind: 'key' | 'row'; readonly tuple: Tuple };
    }
  | {
      readonly tag: 'truncate';
      readonly relationOids: readonly number[];
      /** CASCADE and RESTART IDENTITY, as bits. */
      readonly options: number;
    }
  | {
      readonly tag: 'message';
      readonly prefix: string;
      readonly content: Buffer;
      readonly transactional: boolean;
    }
  | { readonly tag: 'type' | 'origin' };

export type RowMessage = Extract<PgoutputMessage, { tag: 'insert' | 'update' | 'delete' | 'truncate' }>;

/** Between 1970 and 2000, PostgreSQL's own beginning. */
const POSTGRES_EPOCH_US = 946_684_800_000_000;

const IDENTITIES: Readonly<Record<string, Relation['replicaIdentity']>> = {
  d: 'default',
  n: 'nothing',
  f: 'full',
  i: 'index',
};

/** Throws a RangeError for anything that is not a whole, known message. */
export function decodePgoutput(bytes: Buffer): PgoutputMessage {
  const cursor = new Cursor(bytes);
  const type = cursor.character();
  switch (type) {
    case 'B':
      return {
        tag: 'begin',
        commitLsn: cursor.uint64(),
        committedAtUs: cursor.timestampUs(),
        xid: cursor.uint32(),
      };
    case 'C': {
      cursor.skip(1);
      const commitLsn = cursor.uint64();
      return { tag: 'commit', commitLsn, commitEndLsn: cursor.uint64(), committedAtUs: cursor.timestampUs() };
    }
    case 'R':
      return readRelation(cursor);
    case 'I': {
      const relationOid = cursor.uint32();
      cursor.expect('N');
      return { tag: 'insert', relationOid, after: readTuple(cursor) };
    }
    case 'U': {
      const relationOid = cursor.uint32();
      const marker = cursor.character();
      if (marker === 'N') return { tag: 'update', relationOid, before: undefined, after: readTuple(cursor) };
      const before = { kind: oldKind(marker), tuple: readTuple(cursor) };
      cursor.expect('N');
      return { tag: 'update', relationOid, before, after: readTuple(cursor) };
    }
    case 'D': {
      const relationOid = cursor.uint32();
      return {
        tag: 'delete',
        relationOid,
        before: { kind: oldKind(cursor.character()), tuple: readTuple(cursor) },
      };
    }
    case 'T': {
      const count = cursor.uint32();
      const options = cursor.byte();
      const relationOids: number[] = [];
      for (let index = 0; index < count; index++) relationOids.push(cursor.uint32());
      return { tag: 'truncate', relationOids, options };
    }
    case 'M': {
      const transactional = cursor.byte() === 1;
      cursor.skip(8);
      const prefix = cursor.text();
      return { tag: 'message', transactional, prefix, content: cursor.bytes(cursor.uint32()) };
    }
    case 'Y':
      return { tag: 'type' };
    case 'O':
      return { tag: 'origin' };
    default:
      throw new RangeError(`unknown pgoutput message type ${JSON.stringify(type)}`);
  }
}

function oldKind(marker: string): 'key' | 'row' {
  if (marker === 'K') return 'key';
  if (marker === 'O') return 'row';
  throw new RangeError(`unknown tuple marker ${JSON.stringify(marker)}`);
}

function readRelation(cursor: Cursor): Relation {
  const oid = cursor.uint32();
  // The empty name means pg_catalog.
  const schema = cursor.text() || 'pg_catalog';
  const name = cursor.text();
  const replicaIdentity = IDENTITIES[cursor.character()];
  if (replicaIdentity === undefined) throw new RangeError('unknown replica identity');
  const count = cursor.uint16();
  const columns: RelationColumn[] = [];
  for (let index = 0; index < count; index++) {
    const partOfKey = (cursor.byte() & 1) === 1;
    const columnName = cursor.text();
    const typeOid = cursor.uint32();
    cursor.skip(4);
    columns.push({ name: columnName, partOfKey, typeOid });
  }
  return { tag: 'relation', oid, schema, name, replicaIdentity, columns };
}

const NULL_VALUE = 0x6e;
const UNCHANGED_VALUE = 0x75;
const TEXT_VALUE = 0x74;

/** Two passes: where the values are, then one text for all of them, since each call into the decoder costs more than a slice. */
function readTuple(cursor: Cursor): Tuple {
  const count = cursor.uint16();
  const values = new Array<TupleValue>(count);
  const from = cursor.at;
  for (let index = 0; index < count; index++) {
    const kind = cursor.byte();
    if (kind === TEXT_VALUE) cursor.skip(cursor.uint32());
    else if (kind === UNCHANGED_VALUE) values[index] = UNCHANGED;
    else if (kind === NULL_VALUE) values[index] = null;
    else throw new RangeError(`unknown value kind ${kind}`);
  }
  const end = cursor.at;
  const ascii = cursor.ascii(from, end);
  cursor.at = from;
  for (let index = 0; index < count; index++) {
    if (cursor.byte() !== TEXT_VALUE) continue;
    const length = cursor.uint32();
    const start = cursor.at;
    cursor.skip(length);
    values[index] =
      ascii === undefined
        ? cursor.utf8(start, start + length)
        : ascii.slice(start - from, start - from + length);
  }
  return values;
}

class Cursor {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #advance(length: number): number {
    const from = this.at;
    if (from + length > this.#bytes.length) throw new RangeError('a pgoutput message ends in its middle');
    this.at = from + length;
    return from;
  }

  skip(length: number): void {
    this.#advance(length);
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  character(): string {
    return String.fromCharCode(this.byte());
  }

  expect(character: string): void {
    const found = this.character();
    if (found !== character) throw new RangeError(`expected ${character}, found ${JSON.stringify(found)}`);
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8));
  }

  /** Microseconds since 1970: below 2^53 until the year 2255. */
  timestampUs(): number {
    return Number(this.#bytes.readBigInt64BE(this.#advance(8))) + POSTGRES_EPOCH_US;
  }

  text(): string {
    const end = this.#bytes.indexOf(0, this.at);
    if (end < 0) throw new RangeError('a name without an end');
    const text = this.#bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  utf8(from: number, end: number): string {
    return this.#bytes.toString('utf8', from, end);
  }

  /** All bytes between as one text, a character for a byte; undefined when they are not all ASCII. */
  ascii(from: number, end: number): string | undefined {
    return isAscii(this.#bytes.subarray(from, end)) ? this.#bytes.toString('latin1', from, end) : undefined;
  }

  /** A copy, since the buffer underneath is the socket's. */
  bytes(length: number): Buffer {
    const from = this.#advance(length);
    return Buffer.from(this.#bytes.subarray(from, from + length));
  }
}
