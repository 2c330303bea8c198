import { UNAVAILABLE_VALUE } from '../../shared/contracts/events.ts';
import { type ColumnCodec, codecOf, type TypeCatalog } from '../../shared/contracts/row-codec.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import type { TopicRecord } from '../../shared/kafka/producer.ts';
import { type Relation, type Tuple, UNCHANGED } from '../../shared/postgres/pgoutput.ts';
import type { TablePart } from './envelope.ts';

/** What the catalog and the definition know of a table and its changes do not say. */
export interface CapturedTable {
  readonly topic: string;
  readonly partitions: number;
  /** Columns that name a row, in index order. */
  readonly key: readonly string[];
  /** Go no further than here, also while somebody publishes them. */
  readonly excluded?: readonly string[];
}

interface ShapeColumn {
  readonly name: string;
  readonly partOfKey: boolean;
  readonly codec: ColumnCodec;
  /** `"name":`, ready to be written. */
  readonly label: string;
}

/** A table as the log describes it from here on. */
export interface TableShape {
  readonly table: CapturedTable;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ShapeColumn[];
  /** Of the columns that are written. */
  readonly places: readonly number[];
  /** Places of the key in the columns, in index order. */
  readonly keyPlaces: readonly number[];
  readonly part: TablePart;
}

export function tableShape(
  relation: Relation,
  table: CapturedTable,
  types: TypeCatalog,
  part: TablePart,
): TableShape {
  const columns = relation.columns.map(({ name, partOfKey, typeOid }) => ({
    name,
    partOfKey,
    codec: codecOf(typeOid, types),
    label: `${JSON.stringify(name)}:`,
  }));
  const keyPlaces = table.key.map((key) => {
    const place = columns.findIndex(({ name }) => name === key);
    if (place >= 0) return place;
    throw new Fault(
      'set_up',
      'key_not_published',
      `key column ${key} of ${relation.schema}.${relation.name} is not in the publication`,
    );
  });
  const places = columns.flatMap(({ name }, place) =>
    table.excluded?.includes(name) === true ? [] : [place],
  );
  return { table, schema: relation.schema, name: relation.name, columns, places, keyPlaces, part };
}

export interface WrittenRow {
  readonly json: string;
  /** Columns that hold the placeholder, because the log does not carry what an update did not touch. */
  readonly unchanged: readonly string[];
}

const PLACEHOLDER = `"${UNAVAILABLE_VALUE}"`;
const NONE: readonly string[] = [];

/** The row as JSON. `old`: the whole old row, under REPLICA IDENTITY FULL, has what the new one leaves out. */
export function writeRow(
  shape: TableShape,
  tuple: Tuple,
  old?: Tuple,
  omitted?: ReadonlySet<string>,
): WrittenRow {
  const { columns, places } = shape;
  let json = '{';
  let unchanged: string[] | undefined;
  for (let index = 0; index < places.length; index++) {
    const place = places[index] as number;
    const column = columns[place] as ShapeColumn;
    let value = tuple[place];
    if (value === UNCHANGED && old !== undefined) value = old[place];
    if (index > 0) json += ',';
    json += column.label;
    if (value === null || value === undefined) json += 'null';
    else if (value === UNCHANGED) {
      unchanged ??= [];
      unchanged.push(column.name);
      json += PLACEHOLDER;
    } else if (omitted?.has(column.name) === true) json += PLACEHOLDER;
    else json += column.codec.json(value);
  }
  return { json: `${json}}`, unchanged: unchanged ?? NONE };
}

/** Of a key tuple only the key columns mean anything: the others are null because they were not sent. */
export function writeOldRow(
  shape: TableShape,
  tuple: Tuple,
  kind: 'key' | 'row',
  omitted?: ReadonlySet<string>,
): string {
  const parts: string[] = [];
  for (const place of shape.places) {
    const { name, partOfKey, label, codec } = shape.columns[place] as ShapeColumn;
    if (kind === 'key' && !partOfKey) continue;
    const value = tuple[place];
    if (value === UNCHANGED) continue;
    if (omitted?.has(name) === true) parts.push(label + PLACEHOLDER);
    else parts.push(label + (value === null || value === undefined ? 'null' : codec.json(value)));
  }
  return `{${parts.join(',')}}`;
}

/** The row key as JSON: the same text wherever the row appears. `old` has what an update did not touch. */
export function writeKey(shape: TableShape, tuple: Tuple, old?: Tuple): string {
  let json = '{';
  for (const place of shape.keyPlaces) {
    const column = shape.columns[place] as ShapeColumn;
    const value = tuple[place] === UNCHANGED ? old?.[place] : tuple[place];
    if (typeof value !== 'string') {
      // Servers from before 2022 left out a key that is stored out of line and was not touched: nothing can name the row.
      throw new Fault(
        'undecodable',
        'key',
        `key column ${column.name} of ${shape.schema}.${shape.name} has no value`,
      );
    }
    json += (json.length > 1 ? ',' : '') + column.label + column.codec.json(value);
  }
  return `${json}}`;
}

/**
 * The largest columns, until the record is smaller by `excessBytes`. Never the key; and a little more than asked, for the
 * placeholders and the names that take their place.
 */
export function columnsToOmit(
  shape: TableShape,
  tuple: Tuple,
  old: Tuple | undefined,
  excessBytes: number,
): ReadonlySet<string> {
  const sizes = shape.places
    .map((place) => ({
      name: shape.columns[place]?.name ?? '',
      place,
      bytes: sizeOf(tuple[place]) + sizeOf(old?.[place]),
    }))
    .filter(({ place }) => !shape.keyPlaces.includes(place))
    .sort((a, b) => b.bytes - a.bytes);
  const omitted = new Set<string>();
  let saved = -OMISSION_OVERHEAD_BYTES;
  for (const { name, bytes } of sizes) {
    if (saved >= excessBytes) break;
    omitted.add(name);
    saved += bytes - OMISSION_OVERHEAD_BYTES;
  }
  return omitted;
}

const OMISSION_OVERHEAD_BYTES = 200;

function sizeOf(value: Tuple[number] | undefined): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}

export function recordOf(shape: TableShape, key: string, value: string): TopicRecord {
  const { topic, partitions } = shape.table;
  return { topic, partition: partitionOf(key, partitions), key, value };
}
