// The SQL of a chunk. Values come in as text and are cast to the key's own types; nothing is ever spliced in but names
// and the condition of the job, which runs in a read-only transaction under the rights of the reader.
import { REDO_KEYS } from '../../../shared/side-tables/names.ts';
import type { KeyTexts } from '../../../shared/side-tables/redo-jobs.ts';
import type { DescribedTable } from './described-table.ts';

export interface ChunkStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The rows behind `after` in the order of the key: all columns. */
export function rowsInKeyOrder(
  table: DescribedTable,
  after: KeyTexts | null,
  rowsMax: number,
): ChunkStatement {
  const values: unknown[] = [];
  const bounds = after === null ? [] : [compared(table, '>', after, values)];
  return {
    text: `select ${list(table.columns)} from ${table.from}${where(bounds)} order by ${order(table)} limit ${place(values, rowsMax)}`,
    values,
  };
}

/**
 * The rows behind `after` and up to `last` that the condition picks. Bounded, so that one that picks few still ends soon; with
 * a parameter, so that PostgreSQL takes one statement only and no second one can hide in the condition.
 */
export function rowsOfCondition(
  table: DescribedTable,
  after: KeyTexts | null,
  last: KeyTexts | undefined,
  condition: string,
  rowsMax: number,
): ChunkStatement {
  const values: unknown[] = [];
  const bounds = [
    ...(after === null ? [] : [compared(table, '>', after, values)]),
    ...(last === undefined ? [] : [compared(table, '<=', last, values)]),
    // A line of its own, because the condition may end in a comment.
    `(${condition}\n)`,
  ];
  return {
    text: `select ${list(table.columns)} from ${table.from}${where(bounds)} order by ${order(table)} limit ${place(values, rowsMax)}`,
    values,
  };
}

/** The key that is `rowsMax` rows behind `after`; no row: there are fewer. */
export function keyFurtherOn(table: DescribedTable, after: KeyTexts | null, rowsMax: number): ChunkStatement {
  const values: unknown[] = [];
  const bounds = after === null ? [] : [compared(table, '>', after, values)];
  return {
    text: `select ${order(table)} from ${table.from}${where(bounds)} order by ${order(table)} offset ${place(values, rowsMax - 1)} limit 1`,
    values,
  };
}

/** The next keys of the job's list: place, key, and the columns of the row, all null where there is none. */
export function rowsOfList(
  table: DescribedTable,
  job: string,
  after: KeyTexts | null,
  rowsMax: number,
): ChunkStatement {
  const wanted = table.key.map(({ type }, index) => `(wanted.key[${index + 1}])::${type}`);
  const matches = table.key.map(({ sql }, index) => `source.${sql} = ${wanted[index]}`);
  const columns = table.columns.map((column) => `source.${column}`);
  return {
    text: `select wanted.place, ${list(wanted)}, ${list(columns)}
  from (select place, key from ${REDO_KEYS} where job = $1::bigint and place > $2::bigint order by place limit $3::bigint) as wanted
  left join ${table.from} as source on ${matches.join(' and ')} order by wanted.place`,
    values: [job, after?.[0] ?? '0', rowsMax],
  };
}

const list = (parts: readonly string[]): string => parts.join(', ');
const order = ({ key }: DescribedTable): string => list(key.map(({ sql }) => sql));
const where = (bounds: readonly string[]): string =>
  bounds.length === 0 ? '' : ` where ${bounds.join(' and ')}`;

/** One comparison of whole keys, which an index on them answers at once. */
function compared({ key }: DescribedTable, operator: '>' | '<=', texts: KeyTexts, values: unknown[]): string {
  if (texts.length !== key.length) throw new RangeError('a key of another length');
  const casts = key.map(({ type }, index) => {
    values.push(texts[index]);
    return `$${values.length}::text::${type}`;
  });
  return `(${list(key.map(({ sql }) => sql))}) ${operator} (${list(casts)})`;
}

function place(values: unknown[], value: number): string {
  values.push(value);
  return `$${values.length}::bigint`;
}
