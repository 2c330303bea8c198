// SQL that picks rows of a source by the outcome they have, wherever the table stands under its own name.
import { quoteIdentifier } from '../postgres/connect.ts';
import type { TableName } from '../postgres/published.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { keyColumn, qualifiedName, stateTable } from './names.ts';

/**
 * Rows whose outcome was given by an earlier definition than the registered one. A row without any outcome is none of them: it
 * is not outdated, it is missing.
 */
export const outdatedCondition = (table: TableName, tables: EnrichmentTables, revision: number): string =>
  outcomeCondition(table, tables, [`afterglow_state.revision < ${revision}`, 'not afterglow_state.deleted']);

/**
 * Rows that can be decided anew by what stands beside them: to those that failed something would have to be asked first. A row
 * without an outcome is one of them, since its outcome may be under way, on the topic of before.
 */
export const answeredCondition = (table: TableName, tables: EnrichmentTables): string =>
  `not ${outcomeCondition(table, tables, ["afterglow_state.status in ('failed', 'over_budget')"])}`;

/**
 * The same without the rows that a revision answered which is none of these: what it asked was something else, so the model would
 * be called for them.
 */
export const judgeableCondition = (
  table: TableName,
  tables: EnrichmentTables,
  revisions: readonly number[],
): string =>
  `${answeredCondition(table, tables)} and not ${otherwiseAskedCondition(table, tables, revisions)}`;

/** Rows with an outcome by a revision that is none of these. */
export const otherwiseAskedCondition = (
  table: TableName,
  tables: EnrichmentTables,
  revisions: readonly number[],
): string =>
  outcomeCondition(table, tables, [
    `afterglow_state.revision not in (${revisions.join(', ')})`,
    "afterglow_state.status not in ('failed', 'over_budget')",
    'not afterglow_state.deleted',
  ]);

/** Rows without any outcome. */
export const missingCondition = (table: TableName, tables: EnrichmentTables): string =>
  `not ${outcomeCondition(table, tables, ['not afterglow_state.deleted'])}`;

function outcomeCondition(
  { schema, name }: TableName,
  { enrichment, keyColumns }: EnrichmentTables,
  conditions: readonly string[],
): string {
  const same = keyColumns.map(
    ({ name: column }) =>
      `afterglow_state.${quoteIdentifier(keyColumn(column))} = ${qualifiedName(schema, name)}.${quoteIdentifier(column)}`,
  );
  return `exists (select from ${stateTable(enrichment)} as afterglow_state where ${[...same, ...conditions].join(' and ')})`;
}
