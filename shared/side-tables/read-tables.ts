import { AfterglowError } from '../errors/catalogue.ts';
import type { Queryable } from '../postgres/connect.ts';
import {
  CHUNK_COLUMNS,
  type EnrichmentTables,
  RESULT_COLUMNS,
  type TypedColumn,
} from './enrichment-tables.ts';
import { INTERNAL_SCHEMA, SCHEMA, stateTableName } from './names.ts';
import { type ColumnRow, columnsQuery } from './types.ts';

const COLUMNS = columnsQuery(`relation.relkind in ('r', 'p')
     and (relation_schema.nspname = '${SCHEMA}' and relation.relname = $1
       or relation_schema.nspname = '${INTERNAL_SCHEMA}' and relation.relname = $2)`);

/** The side tables of an enrichment as `init` made them: all that the writer needs to know of the source. */
export async function readEnrichmentTables(client: Queryable, enrichment: string): Promise<EnrichmentTables> {
  const { rows } = await client.query<ColumnRow>(COLUMNS, [enrichment, stateTableName(enrichment)]);
  const tables = enrichmentTablesOf(enrichment, rows);
  if (tables !== undefined) return tables;
  throw new AfterglowError(
    'database_not_initialised',
    `The side tables of enrichment ${enrichment} do not exist.`,
    {
      remedy: 'Run `afterglow init`.',
    },
  );
}

/** From the columns of its two tables; undefined when one of them is missing. */
export function enrichmentTablesOf(
  enrichment: string,
  rows: readonly ColumnRow[],
): EnrichmentTables | undefined {
  const state = rows.filter(
    ({ schema, relation }) => schema === INTERNAL_SCHEMA && relation === stateTableName(enrichment),
  );
  const result = rows.filter(({ schema, relation }) => schema === SCHEMA && relation === enrichment);
  if (state.length === 0 || result.length === 0) return undefined;
  // Both tables begin with the key in the same order; the names in the result table are the source's own.
  const keyCount = state.filter(({ key_place }) => key_place > 0).length;
  const chunked = result.filter(({ key_place }) => key_place > 0).length > keyCount;
  const beside = new Set([...RESULT_COLUMNS, ...(chunked ? CHUNK_COLUMNS : [])].map(({ name }) => name));
  return {
    enrichment,
    keyColumns: result.slice(0, keyCount).map((row) => ({ ...toTyped(row), ...collationOf(row) })),
    outputs: result
      .slice(keyCount)
      .filter(({ name }) => !beside.has(name))
      .map(toTyped),
    chunked,
  };
}

/** Only where the column has one of its own. */
export const collationOf = ({ collation }: ColumnRow): Pick<TypedColumn, 'collation'> =>
  collation === null ? {} : { collation };

const toTyped = ({ name, type }: ColumnRow): TypedColumn => ({ name, type });
