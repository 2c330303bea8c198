// Rows whose outcome was given by an earlier definition than the registered one.
import { quoteIdentifier } from '../postgres/connect.ts';
import type { TableName } from '../postgres/published.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { keyColumn, qualifiedName, stateTable } from './names.ts';

/**
 * SQL that holds for such rows of the source, wherever the table stands under its own name. A row without any outcome is none
 * of them: it is not outdated, it is missing.
 */
export function outdatedCondition(
  { schema, name }: TableName,
  { enrichment, keyColumns }: EnrichmentTables,
  revision: number,
): string {
  const same = keyColumns.map(
    ({ name: column }) =>
      `afterglow_state.${quoteIdentifier(keyColumn(column))} = ${qualifiedName(schema, name)}.${quoteIdentifier(column)}`,
  );
  return `exists (select from ${stateTable(enrichment)} as afterglow_state where ${same.join(' and ')} and afterglow_state.revision < ${revision} and not afterglow_state.deleted)`;
}
