// afterglow.<source>_enriched is a view over a STABLE SQL function whose body is a string. PostgreSQL puts the body in the
// function's place when it plans a query, so indexes work as in a plain view; but the body leaves no dependency on the source,
// so the application may ALTER and DROP its columns. SET and SECURITY DEFINER would each stop that, and are not used.
import { quoteIdentifier } from '../postgres/connect.ts';
import type { EnrichmentTables, TypedColumn } from './enrichment-tables.ts';
import {
  dollarQuoted,
  enrichedView,
  keyColumn,
  outputFunction,
  qualifiedName,
  resultTable,
  stateTable,
  viewColumn,
  viewFunction,
} from './names.ts';

export interface EnrichedSource {
  readonly source: string;
  readonly table: { readonly schema: string; readonly name: string };
  /** Every column of the table, in its order. */
  readonly columns: readonly TypedColumn[];
  readonly enrichments: readonly EnrichmentTables[];
}

/** A column that the view already has. */
export interface ExistingViewColumn extends TypedColumn {
  /** Whether PostgreSQL has a cast to this type from what the column would be now; else it goes by way of text. */
  readonly castable: boolean;
}

interface ViewColumnSource extends TypedColumn {
  readonly expression: string;
}

/** What the view should show: the source's columns, then those of each enrichment. */
export function wantedViewColumns(source: EnrichedSource): readonly TypedColumn[] {
  return viewSources(source).map(({ name, type, collation }) =>
    collation === undefined ? { name, type } : { name, type, collation },
  );
}

function viewSources(source: EnrichedSource): readonly ViewColumnSource[] {
  return [
    ...source.columns.map((column) => ({
      ...column,
      expression: `source.${quoteIdentifier(column.name)}`,
    })),
    ...source.enrichments.flatMap(enrichmentColumns),
  ];
}

function enrichmentColumns(tables: EnrichmentTables, index: number): readonly ViewColumnSource[] {
  const { enrichment } = tables;
  const state = `state${index + 1}`;
  const result = `result${index + 1}`;
  const fromResult = ({ name, type }: TypedColumn): ViewColumnSource => ({
    name: viewColumn(enrichment, name),
    type,
    expression: `${result}.${quoteIdentifier(name)}`,
  });
  return [
    {
      name: viewColumn(enrichment, 'status'),
      type: 'text',
      // A row whose key was deleted earlier and now exists again waits for its own outcome.
      expression: `coalesce(nullif(${state}.status, 'deleted'), 'pending')`,
    },
    // Vectors are for afterglow.similar(): in every row of a view they would only cost.
    ...(tables.chunked
      ? []
      : [...tables.outputs, { name: 'flagged', type: 'boolean' }, { name: 'decision', type: 'text' }].map(
          fromResult,
        )),
    fromResult({ name: 'scored_at', type: 'timestamp with time zone' }),
  ];
}

/** Columns cannot leave a view nor change their type without taking users' views with them: new ones go to the end. */
export function grownViewColumns(
  source: EnrichedSource,
  existing: readonly TypedColumn[],
): readonly TypedColumn[] {
  const known = new Set(existing.map(({ name }) => name));
  return [...existing, ...wantedViewColumns(source).filter(({ name }) => !known.has(name))];
}

/** The query of the function for these columns: what is gone is NULL of its old type, what changed is cast back. */
export function viewBody(source: EnrichedSource, existing: readonly ExistingViewColumn[]): string {
  const columns = grownViewColumns(source, existing).map(
    (column) => `${viewColumnQuery(source, existing, column)} as ${quoteIdentifier(column.name)}`,
  );
  return `\nselect\n  ${columns.join(',\n  ')}\nfrom ${viewFrom(source)}\n`;
}

/** What stands for one column in it. */
export function viewColumnQuery(
  source: EnrichedSource,
  existing: readonly ExistingViewColumn[],
  { name, type }: TypedColumn,
): string {
  const found = viewSources(source).find((column) => column.name === name);
  if (found === undefined) return `null::${type}`;
  if (found.type === type) return found.expression;
  const castable = existing.find((column) => column.name === name)?.castable === true;
  return `${found.expression}${castable ? '' : '::text'}::${type}`;
}

/** The columns that enrichments add now. */
export const enrichmentColumnNames = (source: EnrichedSource): ReadonlySet<string> =>
  new Set(source.enrichments.flatMap(enrichmentColumns).map(({ name }) => name));

export function viewFrom(source: EnrichedSource): string {
  const joins = source.enrichments.flatMap((tables, index) => {
    const on = (alias: string, column: (name: string) => string): string =>
      tables.keyColumns
        .map(({ name }) => `${alias}.${quoteIdentifier(column(name))} = source.${quoteIdentifier(name)}`)
        .join(' and ');
    const state = `state${index + 1}`;
    const result = `result${index + 1}`;
    const first = tables.chunked ? ` and ${result}.chunk = 0` : '';
    return [
      `left join ${stateTable(tables.enrichment)} as ${state} on ${on(state, keyColumn)}`,
      `left join ${resultTable(tables.enrichment)} as ${result} on ${on(result, (name) => name)}${first}`,
    ];
  });
  const from = `${qualifiedName(source.table.schema, source.table.name)} as source`;
  return [from, ...joins].join('\n');
}

/** A view that did not exist, or that gets more columns: a new function, the view over it, the old function away. */
export function growView(
  source: EnrichedSource,
  existing: readonly ExistingViewColumn[],
  version: number,
): readonly string[] {
  const name = viewFunction(source.source, version);
  const view = enrichedView(source.source);
  return [
    createViewFunction(source, existing, version),
    `create or replace view ${view} as select ${shownColumns(grownViewColumns(source, existing))} from ${name}()`,
    ...(version > 1 ? [`drop function if exists ${viewFunction(source.source, version - 1)}()`] : []),
  ];
}

/** A function's columns have lost the order of the source's: in another one no query of a user's would find them by an index. */
function shownColumns(columns: readonly TypedColumn[]): string {
  if (columns.every(({ collation }) => collation === undefined)) return '*';
  return columns
    .map(({ name, collation }) => {
      const label = quoteIdentifier(name);
      return collation === undefined ? label : `${label} collate ${collation} as ${label}`;
    })
    .join(', ');
}

/** The same columns from another query: after a column of the source was dropped or changed its type. */
export function createViewFunction(
  source: EnrichedSource,
  existing: readonly ExistingViewColumn[],
  version: number,
): string {
  const columns = grownViewColumns(source, existing).map(
    ({ name, type }) => `${quoteIdentifier(name)} ${type}`,
  );
  return `create or replace function ${viewFunction(source.source, version)}()
returns table (${columns.join(', ')})
language sql stable parallel safe
as ${dollarQuoted(viewBody(source, existing))}`;
}

/** `afterglow.<enrichment>_<first output>(key)`: undefined for kinds whose output is a vector. */
export function outputFunctionParts(
  tables: EnrichmentTables,
): { readonly output: string; readonly body: string; readonly statement: string } | undefined {
  const output = tables.outputs[0];
  if (output === undefined || tables.chunked) return undefined;
  const parameters = tables.keyColumns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`);
  const key = tables.keyColumns.map(({ name }, index) => `result.${quoteIdentifier(name)} = $${index + 1}`);
  const body = `select result.${quoteIdentifier(output.name)} from ${resultTable(tables.enrichment)} as result where ${key.join(' and ')}`;
  const statement = `create or replace function ${outputFunction(tables.enrichment, output.name)}(${parameters.join(', ')})
returns ${output.type}
language sql stable parallel safe
as ${dollarQuoted(body)}`;
  return { output: output.name, body, statement };
}
