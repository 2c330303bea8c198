import type { ColumnValue, Row } from '../../../shared/contracts/events.ts';
import { codecOf, type TypeCatalog } from '../../../shared/contracts/row-codec.ts';
import type { Table } from '../../../shared/postgres/catalog.ts';
import { type DatabaseClient, type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { countRows, estimateRows } from '../../../shared/postgres/estimate.ts';
import type { TypedColumn } from '../../../shared/side-tables/enrichment-tables.ts';
import { qualifiedName } from '../../../shared/side-tables/names.ts';

export interface SampledRow {
  /** Key columns as PostgreSQL's text. */
  readonly key: Readonly<Record<string, string>>;
  readonly row: Row;
}

export interface Sample {
  /** That it stands for, more or less: those that the condition holds for, or that have one of the keys. */
  readonly rows: number;
  readonly sampled: readonly SampledRow[];
}

/** What is read of a table. */
export interface Sampling {
  readonly table: Table;
  readonly types: TypeCatalog;
  readonly columns: readonly string[];
}

export interface ListedKeys {
  /** The key as the side tables have it. */
  readonly keyColumns: readonly TypedColumn[];
  /** SQL of a query for the keys: `key`, an array of text in the order of the key. */
  readonly text: string;
  readonly values: readonly unknown[];
  /** Of all that the query gives. */
  readonly count: number;
}

/** Of two thousand texts the mean length is known to a few percent. */
const SAMPLED_ROWS = 2_000;
/** More than that are estimated by the planner instead of counted. */
const COUNTED_MAX = 1_000_000;
/** Every value as PostgreSQL writes it: the client's own readings would be a second row codec. */
const AS_TEXT = { getTypeParser: () => (text: string) => text };

/** Rows of a table at random, each of them as likely as any other. */
export async function sampleRows(
  client: DatabaseClient,
  sampling: Sampling,
  condition: string | undefined,
): Promise<Sample> {
  const { table, columns } = sampling;
  const rows = await rowsOf(client, table, condition);
  if (rows === 0) return { rows, sampled: [] };
  const percent = Math.min(100, (100 * SAMPLED_ROWS) / rows);
  const read = [
    ...table.key.map((name) => `${quoteIdentifier(name)}::text`),
    ...columns.map(quoteIdentifier),
  ];
  await client.query('begin read only');
  try {
    // With a parameter PostgreSQL takes one statement only, so that no second one can hide in the condition.
    const { rows: tuples } = await client.query<(string | null)[]>({
      text: `select ${read.join(', ')} from ${fromOf(table)} tablesample bernoulli ($1::float8) where (${condition ?? 'true'}\n)`,
      values: [percent],
      rowMode: 'array',
      types: AS_TEXT,
    });
    return { rows, sampled: rowsOfTuples(tuples, table.key, sampling) };
  } finally {
    await client.query('rollback');
  }
}

/** Rows with keys of a list, taken at random; each is looked up by its key, so that a large table costs no more than a small one. */
export async function sampleKeys(
  client: Queryable,
  sampling: Sampling,
  { keyColumns, text, values, count }: ListedKeys,
): Promise<Sample> {
  const { table, columns } = sampling;
  const keys = keyColumns.map(({ name }) => `source.${quoteIdentifier(name)}`);
  const same = keyColumns.map(({ type }, place) => `${keys[place]} = wanted.key[${place + 1}]::${type}`);
  const read = [
    ...keys.map((key) => `${key}::text`),
    ...columns.map((name) => `source.${quoteIdentifier(name)}`),
  ];
  const { rows: tuples } = await client.query<(string | null)[]>({
    text: `select ${read.join(', ')}
      from (select listed.key from (${text}) as listed order by random() limit ${SAMPLED_ROWS}) as wanted
      left join ${fromOf(table)} as source on ${same.join(' and ')}`,
    values: [...values],
    rowMode: 'array',
    types: AS_TEXT,
  });
  const there = tuples.filter(([first]) => first !== null);
  const isWhole = tuples.length < SAMPLED_ROWS;
  return {
    rows: isWhole ? there.length : (there.length * count) / tuples.length,
    sampled: rowsOfTuples(
      there,
      keyColumns.map(({ name }) => name),
      sampling,
    ),
  };
}

/** Rows of child tables are those tables' own; a partitioned table has no others. */
const fromOf = ({ kind, schema, name }: Table): string =>
  `${kind === 'partitioned' ? '' : 'only '}${qualifiedName(schema, name)}`;

function rowsOfTuples(
  tuples: readonly (readonly (string | null)[])[],
  key: readonly string[],
  { table, types, columns }: Sampling,
): readonly SampledRow[] {
  const decoders = columns.map((name) => decoderOf(table, types, name));
  return tuples.map((tuple): SampledRow => {
    const values = tuple.slice(key.length);
    return {
      key: Object.fromEntries(key.map((name, place) => [name, tuple[place] ?? ''])),
      row: Object.fromEntries(
        columns.map((name, place): [string, ColumnValue] => {
          const text = values[place] ?? null;
          return [name, text === null ? null : (decoders[place]?.(text) ?? null)];
        }),
      ),
    };
  });
}

async function rowsOf(client: DatabaseClient, table: Table, condition: string | undefined): Promise<number> {
  const estimated = await estimateRows(client, table, condition);
  return estimated > COUNTED_MAX ? estimated : await countRows(client, table, condition);
}

function decoderOf(table: Table, types: TypeCatalog, name: string) {
  const column = table.columns.find((each) => each.name === name);
  if (column === undefined) throw new RangeError(`the table has no column ${JSON.stringify(name)}`);
  return codecOf(column.typeOid, types).decode;
}
