// The definition met with the real tables: what the side tables and views have to look like.
import type { Definition, Enrichment, Source } from '../../../shared/config/definition.ts';
import { modelKind, outputsOf } from '../../../shared/config/definition.ts';
import { keyProblem } from '../../../shared/config/source-tables.ts';
import { formatTableName } from '../../../shared/config/values.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { findTable } from '../../../shared/postgres/catalog.ts';
import { quoteIdentifier } from '../../../shared/postgres/connect.ts';
import {
  type EnrichmentTables,
  type TypedColumn,
  VECTOR_COLUMN,
} from '../../../shared/side-tables/enrichment-tables.ts';
import { collationOf } from '../../../shared/side-tables/read-tables.ts';
import type { ColumnRow } from '../../../shared/side-tables/types.ts';
import type { InitState } from './state.ts';

export interface RealSource {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly ColumnRow[];
  readonly keyColumns: readonly TypedColumn[];
  /** Schemas of the key's types, which whoever casts to them has to be let into. */
  readonly keyTypeSchemas: readonly string[];
  /** Names of the columns that the services may see; null: every column, and those to come. */
  readonly published: readonly string[] | null;
  readonly enrichments: readonly EnrichmentTables[];
}

/** @throws AfterglowError definition_invalid, table_without_key */
export function realSources(definition: Definition, state: InitState): readonly RealSource[] {
  const seen = new Map<string, string>();
  for (const [name, { table }] of Object.entries(definition.sources)) {
    const shown = formatTableName(table);
    const other = seen.get(shown);
    if (other !== undefined) {
      throw new AfterglowError('definition_invalid', `Sources ${other} and ${name} are both table ${shown}.`);
    }
    seen.set(shown, name);
  }
  return Object.entries(definition.sources).map(([name, source]) =>
    realSource(name, source, definition, state),
  );
}

function realSource(name: string, source: Source, definition: Definition, state: InitState): RealSource {
  const shown = formatTableName(source.table);
  const table = findTable(state.catalog, source.table);
  if (table === undefined) {
    throw new AfterglowError('definition_invalid', `The database has no table ${shown} (source ${name}).`);
  }
  const problem = keyProblem(table);
  if (problem !== undefined) {
    throw new AfterglowError('table_without_key', `Table ${shown}: ${problem.message}.`, {
      remedy: problem.instead,
    });
  }
  const hidden = table.key.find((column) => source.exclude.includes(column));
  if (hidden !== undefined) {
    throw new AfterglowError(
      'definition_invalid',
      `Source ${name} excludes ${hidden}, which is part of the key of ${shown}.`,
    );
  }
  const columns = state.columns.filter(
    (column) => column.schema === source.table.schema && column.relation === source.table.name,
  );
  const key = table.key.flatMap((column) => columns.filter((each) => each.name === column));
  const keyColumns = key.map((column) => ({
    name: column.name,
    type: column.whole_type,
    ...collationOf(column),
  }));
  // A generated column is not in the log, and older servers refuse it in a column list.
  const generated = new Set(
    table.columns.filter((column) => column.generated !== null).map((column) => column.name),
  );
  return {
    name,
    schema: source.table.schema,
    table: source.table.name,
    columns,
    keyColumns,
    keyTypeSchemas: [...new Set(key.map(({ whole_type_schema }) => whole_type_schema))],
    published:
      source.exclude.length === 0
        ? null
        : columns
            .map((column) => column.name)
            .filter((column) => !source.exclude.includes(column) && !generated.has(column)),
    enrichments: Object.entries(definition.enrichments)
      .filter(([, { from }]) => from === name)
      .map(([enrichmentName, enrichment]) => ({
        enrichment: enrichmentName,
        keyColumns,
        ...outputColumns(enrichment, state.vectorSchema ?? DEFAULT_VECTOR_SCHEMA),
      })),
  };
}

/** Where set-up installs pgvector when it is not there yet. */
export const DEFAULT_VECTOR_SCHEMA = 'public';
const SQL_TYPES = { float: 'double precision', text: 'text', bool: 'boolean' } as const;

function outputColumns(
  enrichment: Enrichment,
  vectorSchema: string,
): Pick<EnrichmentTables, 'outputs' | 'chunked'> {
  const { model } = enrichment;
  if (modelKind(model.kind).outputs === 'vectors' && 'dimensions' in model) {
    const type = `${quotedWhereNeeded(vectorSchema)}.halfvec(${model.dimensions})`;
    return { outputs: [{ name: VECTOR_COLUMN, type }], chunked: true };
  }
  const outputs = Object.entries(outputsOf(enrichment));
  return { outputs: outputs.map(([name, type]) => ({ name, type: SQL_TYPES[type] })), chunked: false };
}

/** As PostgreSQL itself writes a schema, so that the type read back from the catalog is the same text. */
const quotedWhereNeeded = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteIdentifier(name);
