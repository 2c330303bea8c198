// How a column's value in a change event becomes a CEL value, by the column's type.
import { Optional } from '@marcbachmann/cel-js';
import type { ColumnValue } from '../contracts/events.ts';
import { Fault } from '../errors/policy.ts';
import type { Column } from '../postgres/catalog.ts';
import { parseTimestamp } from './timestamp.ts';

export type CelType = 'bool' | 'int' | 'double' | 'string' | 'google.protobuf.Timestamp';
export type CelValue = boolean | bigint | number | string | Date | readonly CelValue[] | Optional;
export type Decode = (value: ColumnValue | undefined) => CelValue;

const CEL_TYPES: Readonly<Record<string, CelType>> = {
  bool: 'bool',
  int2: 'int',
  int4: 'int',
  int8: 'int',
  numeric: 'double',
  float4: 'double',
  float8: 'double',
  timestamptz: 'google.protobuf.Timestamp',
  timestamp: 'google.protobuf.Timestamp',
  date: 'google.protobuf.Timestamp',
};

/** The CEL type of one non-NULL value; whatever has no better one is its PostgreSQL text. */
export function elementType(column: Column): CelType {
  return CEL_TYPES[column.base] ?? 'string';
}

export function celType(column: Column): string {
  const type = column.array ? `list<${elementType(column)}>` : elementType(column);
  return column.nullable ? `optional<${type}>` : type;
}

const NONE = Optional.none();

export function decoder(column: Column): Decode {
  const decodeElement = ELEMENT_DECODERS[elementType(column)];
  const decode = (value: ColumnValue): CelValue => {
    if (value === null) throw inputFault('unexpected_null', column, 'is NULL, which the table did not allow');
    const decoded = column.array ? decodeList(value, column, decodeElement) : decodeElement(value);
    if (decoded === undefined)
      throw inputFault('unreadable_value', column, `cannot be read as ${column.type}`);
    return decoded;
  };
  return (value) => {
    if (value === undefined) throw inputFault('missing_column', column, 'is not in the change event');
    if (!column.nullable) return decode(value);
    return value === null ? NONE : Optional.of(decode(value));
  };
}

type Element = (value: ColumnValue) => CelValue | undefined;

const INTEGER = /^-?\d{1,19}$/;

const ELEMENT_DECODERS: Readonly<Record<CelType, Element>> = {
  bool: (value) => (typeof value === 'boolean' ? value : undefined),
  int: (value) => {
    if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
    return typeof value === 'string' && INTEGER.test(value) ? BigInt(value) : undefined;
  },
  double: toDouble,
  string: (value) => (typeof value === 'string' ? value : undefined),
  'google.protobuf.Timestamp': (value) => (typeof value === 'string' ? parseTimestamp(value) : undefined),
};

function toDouble(value: ColumnValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '') return undefined;
  const double = Number(value);
  return Number.isNaN(double) && value !== 'NaN' ? undefined : double;
}

function decodeList(value: ColumnValue, column: Column, decode: Element): readonly CelValue[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((element: ColumnValue) => {
    const decoded = element === null ? undefined : decode(element);
    if (decoded === undefined) {
      throw inputFault(
        'unreadable_value',
        column,
        'holds NULL or a nested array, which an expression cannot read',
      );
    }
    return decoded;
  });
}

/** Names the column, never its value: messages travel to logs and other teams. */
export function inputFault(code: string, column: Column, what: string): Fault {
  return new Fault('input', code, `column ${column.name} ${what}`);
}
