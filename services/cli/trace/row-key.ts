import { codecOf } from '../../../shared/contracts/row-codec.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { Table } from '../../../shared/postgres/catalog.ts';
import { type Queryable, quoteIdentifier, sqlState } from '../../../shared/postgres/connect.ts';
import { readTypeCatalog } from '../../../shared/postgres/type-catalog.ts';
import { qualifiedName } from '../../../shared/side-tables/names.ts';

export interface TracedKey {
  /** As the topics have it. */
  readonly text: string;
  /** Values of the key columns as PostgreSQL writes them, in the order of the key. */
  readonly values: readonly string[];
  /** Whether the source has the row now. */
  readonly isThere: boolean;
}

/** 'a=1,b=2', or the value alone where one column is the key; a value that holds a comma is only taken alone. Pure. */
export function keyValues(columns: readonly string[], text: string): readonly string[] {
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) {
    return [text.startsWith(`${only}=`) ? text.slice(only.length + 1) : text];
  }
  const given = new Map(
    text.split(',').map((part): [string, string] => {
      const at = part.indexOf('=');
      return [part.slice(0, Math.max(0, at)).trim(), part.slice(at + 1)];
    }),
  );
  const values = columns.map((column) => given.get(column));
  if (given.size === columns.length && values.every((value) => value !== undefined)) return values;
  throw new AfterglowError('usage', `The key of this source is ${columns.join(', ')}.`, {
    remedy: `Write it as ${columns.map((column) => `${column}=…`).join(',')}.`,
  });
}

/** The key in the form that PostgreSQL gives its values, whatever form somebody wrote. */
export async function readKey(client: Queryable, table: Table, text: string): Promise<TracedKey> {
  const columns = table.key.map((name) => {
    const column = table.columns.find((each) => each.name === name);
    if (column === undefined) throw new RangeError(`the table has no column ${JSON.stringify(name)}`);
    return column;
  });
  const types = await readTypeCatalog(client);
  const values = keyValues(table.key, text);
  const typed = columns.map(({ type }, place) => `$${place + 1}::text::${type}`);
  const same = columns.map(({ name }, place) => `source.${quoteIdentifier(name)} = ${typed[place]}`);
  const from = `${table.kind === 'partitioned' ? '' : 'only '}${qualifiedName(table.schema, table.name)}`;
  try {
    const { rows } = await client.query<string[]>({
      text: `select exists (select from ${from} as source where ${same.join(' and ')}), ${typed.join(', ')}`,
      values: [...values],
      rowMode: 'array',
      types: { getTypeParser: () => (value: string) => value },
    });
    const [isThere, ...read] = rows[0] ?? [];
    const parts = columns.map(
      ({ name, typeOid }, place) =>
        `${JSON.stringify(name)}:${codecOf(typeOid, types).json(read[place] ?? '')}`,
    );
    return { text: `{${parts.join(',')}}`, values: read, isThere: isThere === 't' };
  } catch (error) {
    if (sqlState(error)?.startsWith(DATA_EXCEPTION) !== true) throw error;
    const wanted = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
    throw new AfterglowError('usage', `This is no key of the source: ${wanted}.`, { cause: error });
  }
}

const DATA_EXCEPTION = '22';
