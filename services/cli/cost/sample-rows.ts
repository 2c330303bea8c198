import type { ColumnValue, Row } from '../../../shared/contracts/events.ts';
import { codecOf, type TypeCatalog } from '../../../shared/contracts/row-codec.ts';
import type { Table } from '../../../shared/postgres/catalog.ts';
import { type DatabaseClient, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { countRows, estimateRows } from '../../../shared/postgres/estimate.ts';
import { qualifiedName } from '../../../shared/side-tables/names.ts';

export interface SampledRow {
  /** Key columns as PostgreSQL's text. */
  readonly key: Readonly<Record<string, string>>;
  readonly row: Row;
}

export interface Sample {
  /** That the condition holds for. */
  readonly rows: number;
  readonly sampled: readonly SampledRow[];
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
  { table, types, columns }: { table: Table; types: TypeCatalog; columns: readonly string[] },
  condition: string | undefined,
): Promise<Sample> {
  const rows = await rowsOf(client, table, condition);
  if (rows === 0) return { rows, sampled: [] };
  const percent = Math.min(100, (100 * SAMPLED_ROWS) / rows);
  const from = `${table.kind === 'partitioned' ? '' : 'only '}${qualifiedName(table.schema, table.name)}`;
  const read = [
    ...table.key.map((name) => `${quoteIdentifier(name)}::text`),
    ...columns.map(quoteIdentifier),
  ];
  await client.query('begin read only');
  try {
    // With a parameter PostgreSQL takes one statement only, so that no second one can hide in the condition.
    const { rows: tuples } = await client.query<(string | null)[]>({
      text: `select ${read.join(', ')} from ${from} tablesample bernoulli ($1::float8) where (${condition ?? 'true'}\n)`,
      values: [percent],
      rowMode: 'array',
      types: AS_TEXT,
    });
    const decoders = columns.map((name) => decoderOf(table, types, name));
    const sampled = tuples.map((tuple): SampledRow => {
      const values = tuple.slice(table.key.length);
      return {
        key: Object.fromEntries(table.key.map((name, place) => [name, tuple[place] ?? ''])),
        row: Object.fromEntries(
          columns.map((name, place): [string, ColumnValue] => {
            const text = values[place] ?? null;
            return [name, text === null ? null : (decoders[place]?.(text) ?? null)];
          }),
        ),
      };
    });
    return { rows, sampled };
  } finally {
    await client.query('rollback');
  }
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
