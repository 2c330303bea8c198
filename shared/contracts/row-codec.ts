// The one way from PostgreSQL's text to our values, for stream, snapshot, completion read and audit alike: two ways would
// mean two hashes of one input, double pay and false alarms. Every connection uses the session form of connect.ts.
import type { ColumnValue } from './events.ts';

/** What the codec has to know of a type beyond its number. */
export interface TypeFacts {
  /** A domain's base type. */
  readonly base?: number;
  /** An array's element type. */
  readonly element?: number;
}
export type TypeCatalog = ReadonlyMap<number, TypeFacts>;
export type Decode = (text: string) => ColumnValue;

/** Both ways out of PostgreSQL's text: the value, and the JSON that parses to that value. */
export interface ColumnCodec {
  decode(text: string): ColumnValue;
  json(text: string): string;
}

const BOOL = 16;
const INT2 = 21;
const INT4 = 23;
const FLOAT4 = 700;
const FLOAT8 = 701;
const DOMAIN_DEPTH_MAX = 32;

/** Anything but what JSON takes as it is: quotes, backslashes and control characters need an escape. */
const NEEDS_ESCAPE = /[^ !#-[\]-\uffff]/;
const quoted = (text: string): string => (NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`);
const NOT_FINITE = /^(NaN|-?Infinity)$/;

const TEXT: ColumnCodec = { decode: (text) => text, json: quoted };
const BOOLEAN: ColumnCodec = {
  decode: (text) => text === 't',
  json: (text) => (text === 't' ? 'true' : 'false'),
};
/** PostgreSQL writes integers and finite floats as JSON does. */
const INTEGER: ColumnCodec = { decode: Number, json: (text) => text };
/** NaN and the infinities have no JSON number: they stay text. */
const FLOAT: ColumnCodec = {
  decode: (text) => (NOT_FINITE.test(text) ? text : Number(text)),
  json: (text) => (NOT_FINITE.test(text) ? `"${text}"` : text),
};

const SCALARS = new Map<number, ColumnCodec>([
  [BOOL, BOOLEAN],
  [INT2, INTEGER],
  [INT4, INTEGER],
  [FLOAT4, FLOAT],
  [FLOAT8, FLOAT],
]);

/** The codec of a type: int8, numeric, times, json and everything unnamed keep PostgreSQL's exact text. */
export function codecOf(typeOid: number, types: TypeCatalog): ColumnCodec {
  let oid = typeOid;
  for (let depth = 0; depth < DOMAIN_DEPTH_MAX; depth++) {
    const base = types.get(oid)?.base;
    if (base === undefined) break;
    oid = base;
  }
  const scalar = SCALARS.get(oid);
  if (scalar !== undefined) return scalar;
  const element = types.get(oid)?.element;
  if (element === undefined) return TEXT;
  const elementCodec = codecOf(element, types);
  const decode: Decode = (text) => decodeArray(text, elementCodec.decode);
  return { decode, json: (text) => JSON.stringify(decode(text)) };
}

/** Reads '{1,NULL,"a b",{…}}'. An array with bounds of its own ('[0:1]={…}') stays text, since JSON cannot say them. */
export function decodeArray(text: string, decodeElement: Decode): ColumnValue {
  if (text.charCodeAt(0) !== OPEN) return text;
  const reader = { text, at: 0 };
  const value = readArray(reader, decodeElement);
  if (reader.at !== text.length) throw new SyntaxError('text behind an array literal');
  return value;
}

const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

interface Reader {
  readonly text: string;
  at: number;
}

function readArray(reader: Reader, decodeElement: Decode): ColumnValue[] {
  const { text } = reader;
  const values: ColumnValue[] = [];
  reader.at++;
  if (text.charCodeAt(reader.at) === CLOSE) {
    reader.at++;
    return values;
  }
  for (;;) {
    const code = text.charCodeAt(reader.at);
    if (code === OPEN) values.push(readArray(reader, decodeElement));
    else if (code === QUOTE) values.push(decodeElement(readQuoted(reader)));
    else values.push(readBare(reader, decodeElement));
    const next = text.charCodeAt(reader.at++);
    if (next === CLOSE) return values;
    if (next !== COMMA) throw new SyntaxError('an array literal ends in its middle');
  }
}

function readQuoted(reader: Reader): string {
  const { text } = reader;
  let value = '';
  let from = ++reader.at;
  for (;;) {
    const code = text.charCodeAt(reader.at);
    if (Number.isNaN(code)) throw new SyntaxError('an array literal ends in a quoted element');
    if (code === QUOTE) break;
    if (code === BACKSLASH) {
      value += text.slice(from, reader.at);
      from = ++reader.at;
    }
    reader.at++;
  }
  value += text.slice(from, reader.at++);
  return value;
}

function readBare(reader: Reader, decodeElement: Decode): ColumnValue {
  const { text } = reader;
  const from = reader.at;
  while (reader.at < text.length) {
    const code = text.charCodeAt(reader.at);
    if (code === COMMA || code === CLOSE) break;
    reader.at++;
  }
  const element = text.slice(from, reader.at);
  return element === 'NULL' ? null : decodeElement(element);
}
