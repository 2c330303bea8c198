import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { quoteIdentifier } from '../../../shared/postgres/connect.ts';
import {
  collated,
  type EnrichmentTables,
  resultIndexes,
  resultTableDdl,
  stateTableDdl,
  type TypedColumn,
} from '../../../shared/side-tables/enrichment-tables.ts';
import {
  keyColumn,
  outputFunction,
  outputFunctionName,
  resultTable,
  SCHEMA,
  similarFunctionName,
  stateTable,
} from '../../../shared/side-tables/names.ts';
import { enrichmentTablesOf } from '../../../shared/side-tables/read-tables.ts';
import { similarFunctionBody, similarFunctionStatements } from '../../../shared/side-tables/similar.ts';
import { outputFunctionParts } from '../../../shared/side-tables/views.ts';
import type { InitState } from './state.ts';
import { type SqlStep, sqlStep } from './step.ts';

/** Makes the two tables of an enrichment, or fits those that are there to its key types and outputs. */
export function tableSteps(wanted: EnrichmentTables, state: InitState): readonly SqlStep[] {
  const { enrichment } = wanted;
  const title = `side tables of ${enrichment}`;
  const existing = enrichmentTablesOf(enrichment, state.columns);
  if (existing === undefined) {
    const ddl = [...stateTableDdl(wanted), ...resultTableDdl(wanted)];
    return sqlStep(title, `results are kept beside the rows, in ${SCHEMA}.${enrichment}`, ddl);
  }
  const changes = [...keyChanges(existing, wanted), ...outputChanges(existing, wanted)];
  return sqlStep(title, 'its outputs or the types of its key have changed', changes);
}

function keyChanges(existing: EnrichmentTables, wanted: EnrichmentTables): readonly string[] {
  const names = (tables: EnrichmentTables): string =>
    JSON.stringify(tables.keyColumns.map(({ name }) => name));
  if (names(existing) !== names(wanted)) {
    const shown = (tables: EnrichmentTables): string => tables.keyColumns.map(({ name }) => name).join(', ');
    throw new AfterglowError(
      'key_changed',
      `Results of ${wanted.enrichment} are kept by (${shown(existing)}), the source is now named by (${shown(wanted)}).`,
    );
  }
  return wanted.keyColumns.flatMap((key, index) => {
    const { name, type } = key;
    const kept = existing.keyColumns[index];
    if (kept !== undefined && collated(kept) === collated(key)) return [];
    const alter = (table: string, column: string): string =>
      `alter table ${table} alter column ${quoteIdentifier(column)} type ${collated(key)} using ${quoteIdentifier(column)}::text::${type}`;
    return [
      alter(stateTable(wanted.enrichment), keyColumn(name)),
      alter(resultTable(wanted.enrichment), name),
    ];
  });
}

function outputChanges(existing: EnrichmentTables, wanted: EnrichmentTables): readonly string[] {
  const table = resultTable(wanted.enrichment);
  const has = (tables: EnrichmentTables, name: string, type: string): boolean =>
    tables.outputs.some((output) => output.name === name && output.type === type);
  const added = wanted.outputs.filter(({ name, type }) => !has(existing, name, type));
  const dropped = existing.outputs.filter(({ name, type }) => !has(wanted, name, type));
  if (existing.chunked !== wanted.chunked || (wanted.chunked && added.length > 0)) {
    return [`drop table ${table}`, ...resultTableDdl(wanted)];
  }
  if (added.length === 0 && dropped.length === 0) return [];
  const actions = [
    ...dropped.map(({ name }) => `drop column ${quoteIdentifier(name)}`),
    ...added.map(({ name, type }) => `add column ${quoteIdentifier(name)} ${type}`),
  ];
  return [`alter table ${table} ${actions.join(', ')}`, ...resultIndexes(wanted)];
}

/** `afterglow.<enrichment>_<first output>(key)`. */
export function outputFunctionSteps(wanted: EnrichmentTables, state: InitState): readonly SqlStep[] {
  const { enrichment } = wanted;
  const existing = enrichmentTablesOf(enrichment, state.columns);
  const parts = outputFunctionParts(wanted);
  const bodyOf = (output: string): string | undefined => {
    const prefix = `${SCHEMA}.${outputFunctionName(enrichment, output)}(`;
    return [...state.functions].find(([signature]) => signature.startsWith(prefix))?.[1];
  };
  const isNew = existing === undefined;
  // Its types are part of a function's identity, so a changed one is another function; collations are none.
  const isOther = ({ type }: TypedColumn, place: number): boolean =>
    type !== existing?.keyColumns[place]?.type;
  const changed = !isNew && (wanted.keyColumns.some(isOther) || outputChanges(existing, wanted).length > 0);
  const stale = (existing?.outputs ?? []).filter(
    ({ name }) => bodyOf(name) !== undefined && (name !== parts?.output || changed),
  );
  const create = parts !== undefined && (isNew || changed || bodyOf(parts.output) !== parts.body);
  return sqlStep(`function of ${enrichment}`, 'one result by key, in any query', [
    ...stale.map(({ name }) => `drop function ${outputFunction(enrichment, name)}`),
    ...(create ? [parts.statement] : []),
  ]);
}

/** `afterglow.similar()`, once for all enrichments that make vectors. */
export function similarFunctionSteps(
  enrichments: readonly EnrichmentTables[],
  state: InitState,
  defaultVectorSchema: string,
): readonly SqlStep[] {
  if (!enrichments.some(({ chunked }) => chunked)) return [];
  const vectorSchema = state.vectorSchema ?? defaultVectorSchema;
  const body = similarFunctionBody(vectorSchema);
  if (similarFunctionOf(state)?.[1] === body) return [];
  return sqlStep(
    'function similar',
    'rows whose texts are alike, in any query',
    similarFunctionStatements(vectorSchema, body),
  );
}

export const similarFunctionOf = ({ functions }: Pick<InitState, 'functions'>) =>
  [...functions].find(([signature]) => signature.startsWith(`${SCHEMA}.${similarFunctionName}(`));
