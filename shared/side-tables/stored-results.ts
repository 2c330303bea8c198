// Results that the side tables hold already, by what they were asked for: an unchanged input is never paid again.
import type { RowKey } from '../contracts/events.ts';
import { type Queryable, quoteIdentifier } from '../postgres/connect.ts';
import type { EnrichmentTables, TypedColumn } from './enrichment-tables.ts';
import { keyColumn, REVISIONS, resultTable, stateTable } from './names.ts';
import type { Statement } from './statements.ts';

export interface StoredResult {
  /** The outputs by name; of chunked kinds tokens and vector of each chunk, in their order. */
  readonly results: readonly Readonly<Record<string, unknown>>[];
  /** What it cost; 0 when it was itself a repetition. */
  readonly costNanoUsd: number;
}

export interface ResultWanted {
  readonly key: RowKey;
  /** Hexadecimal. */
  readonly inputHash: string;
}

/** Revisions of the enrichment with the same model, parameters and outputs as this one: equal inputs have equal results. */
export async function equalModelRevisions(
  client: Queryable,
  enrichment: string,
  revision: number,
): Promise<readonly number[]> {
  const { rows } = await client.query<{ revision: number }>(
    `select other.revision from ${REVISIONS} own join ${REVISIONS} other using (enrichment)
      where own.enrichment = $1 and own.revision = $2
        and other.content->'model' = own.content->'model'
        and other.content->'output' is not distinct from own.content->'output'
        and other.content->'table' = own.content->'table'`,
    [enrichment, revision],
  );
  return rows.map((row) => row.revision);
}

/** Values: the key columns as text, the input hashes, the revisions. Rows: place, cost, then the columns of the result. */
export function storedResultsStatement(tables: EnrichmentTables): Statement {
  const aliases = tables.keyColumns.map((_, index) => `k${index + 1}`);
  const parameters = [...aliases, 'hash'].map((_, index) => `$${index + 1}::text[]`);
  const wanted = tables.keyColumns.map(({ type }, index) => `wanted.${aliases[index]}::${type}`);
  const same = (table: string, nameOf: (column: string) => string): string =>
    tables.keyColumns
      .map(({ name }, index) => `${table}.${quoteIdentifier(nameOf(name))} = ${wanted[index]}`)
      .join(' and ');
  const columns = columnsOf(tables).map(({ name }) => `result.${quoteIdentifier(name)}`);
  const text = `select wanted.place::int4, result.cost_nano_usd, ${columns.join(', ')}
    from unnest(${parameters.join(', ')}) with ordinality as wanted(${[...aliases, 'hash', 'place'].join(', ')})
    join ${stateTable(tables.enrichment)} as state on ${same('state', keyColumn)}
     and state.input_hash = decode(wanted.hash, 'hex') and state.status = 'scored'
     and state.revision = any($${parameters.length + 1}::int4[])
    join ${resultTable(tables.enrichment)} as result on ${same('result', (name) => name)}
   order by wanted.place${tables.chunked ? ', result.chunk' : ''}`;
  return { name: `stored_results_${tables.enrichment}`, text };
}

const TOKENS: TypedColumn = { name: 'tokens', type: 'integer' };

const columnsOf = (tables: EnrichmentTables): readonly TypedColumn[] =>
  tables.chunked ? [TOKENS, ...tables.outputs] : tables.outputs;

type Tuple = readonly [place: number, cost: string, ...columns: readonly unknown[]];

/** One per row wanted, in order; undefined: no result of this input is there. */
export async function readStoredResults(
  client: Queryable,
  tables: EnrichmentTables,
  statement: Statement,
  wanted: readonly ResultWanted[],
  revisions: readonly number[],
): Promise<readonly (StoredResult | undefined)[]> {
  const { rows } = await client.query<unknown[]>({
    ...statement,
    rowMode: 'array',
    values: [
      ...tables.keyColumns.map(({ name }) => wanted.map(({ key }) => String(key[name]))),
      wanted.map(({ inputHash }) => inputHash),
      revisions,
    ],
  });
  const found = Map.groupBy(rows as unknown as readonly Tuple[], ([place]) => place);
  return wanted.map((_, index) => {
    const tuples = found.get(index + 1);
    return tuples === undefined ? undefined : storedResult(tables, tuples);
  });
}

function storedResult(tables: EnrichmentTables, tuples: readonly Tuple[]): StoredResult {
  const costNanoUsd = Number(tuples[0]?.[1] ?? 0);
  const results = tuples.map(([, , ...values]) =>
    tables.chunked
      ? { tokens: values[0], vector_f32le_base64: vectorBytes(values[1]) }
      : Object.fromEntries(
          tables.outputs.map((output, index) => [output.name, outputOf(output, values[index])]),
        ),
  );
  return { results, costNanoUsd };
}

const outputOf = ({ type }: TypedColumn, value: unknown): unknown =>
  type === 'double precision' && typeof value === 'string' ? Number(value) : value;

/** As the side table keeps it, which may be in half precision. */
const vectorBytes = (text: unknown): string =>
  Buffer.from(Float32Array.from(JSON.parse(String(text)) as number[]).buffer).toString('base64');
