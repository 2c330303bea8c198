import { shadowedBy } from '../../../shared/contracts/shadow.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { quoteIdentifier } from '../../../shared/postgres/connect.ts';
import {
  enrichedViewName,
  INTERNAL_SCHEMA,
  mendFunctionName,
  roleName,
  SCHEMA,
  viewFunctionPrefix,
} from '../../../shared/side-tables/names.ts';
import { collationOf } from '../../../shared/side-tables/read-tables.ts';
import { mendFunctionBody, mendFunctionStatements } from '../../../shared/side-tables/view-mending.ts';
import {
  createViewFunction,
  type EnrichedSource,
  type ExistingViewColumn,
  grownViewColumns,
  growView,
  viewBody,
} from '../../../shared/side-tables/views.ts';
import type { RealSource } from './sources.ts';
import type { InitState } from './state.ts';
import { type SqlStep, sqlStep } from './step.ts';

/** Makes the view of a source, lets it grow, or mends it after the source has changed; users' views over it stay. */
export function viewSteps(pipeline: string, source: RealSource, state: InitState): readonly SqlStep[] {
  const enriched: EnrichedSource = {
    source: source.name,
    table: { schema: source.schema, name: source.table },
    columns: source.columns.map((column) => ({
      name: column.name,
      type: column.plain_type,
      ...collationOf(column),
    })),
    enrichments: source.enrichments.filter(({ enrichment }) => shadowedBy(enrichment) === undefined),
  };
  const existing = existingColumns(source, state);
  const { version, reason, statements } = viewChange(enriched, existing, currentFunction(source.name, state));
  const body = mendFunctionBody(enriched, existing, version);
  const mends = state.functions.get(`${INTERNAL_SCHEMA}.${mendFunctionName(source.name)}()`) === body;
  return sqlStep(`view ${SCHEMA}.${enrichedViewName(source.name)}`, reason, [
    ...statements,
    ...(mends ? [] : mendFunctionStatements(source.name, body, roleName(pipeline, 'writer'))),
  ]);
}

interface ViewChange {
  /** Of the function, afterwards. */
  readonly version: number;
  readonly reason: string;
  readonly statements: readonly string[];
}

function viewChange(
  enriched: EnrichedSource,
  existing: readonly ExistingViewColumn[],
  current: { readonly version: number; readonly body: string } | undefined,
): ViewChange {
  if (existing.length === 0 || current === undefined) {
    const version = (current?.version ?? 0) + 1;
    const reason = 'source rows with their results beside them';
    return { version, reason, statements: growView(enriched, existing, version) };
  }
  if (grownViewColumns(enriched, existing).length > existing.length) {
    const version = current.version + 1;
    return { version, reason: 'it gets new columns', statements: growView(enriched, existing, version) };
  }
  const { version } = current;
  if (viewBody(enriched, existing) === current.body) {
    return { version, reason: 'the writer mends it when the source changes', statements: [] };
  }
  const statements = [createViewFunction(enriched, existing, version)];
  return { version, reason: 'the source has changed', statements };
}

function existingColumns(source: RealSource, state: InitState): readonly ExistingViewColumn[] {
  return state.columns
    .filter(({ schema, relation }) => schema === SCHEMA && relation === enrichedViewName(source.name))
    .map((column) => {
      const { name, plain_type, type_oid } = column;
      const now = source.columns.find((each) => each.name === name);
      const castable = state.casts.has(`${now?.type_oid}>${type_oid}`);
      return { name, type: plain_type, castable, ...collationOf(column) };
    });
}

/** The newest function of the view; names are ours, so they can be told apart by their text. */
export function currentFunction(
  source: string,
  state: Pick<InitState, 'functions'>,
): { readonly version: number; readonly body: string } | undefined {
  const prefix = `${INTERNAL_SCHEMA}.${viewFunctionPrefix(source)}`;
  const versions = [...state.functions].flatMap(([signature, body]) => {
    const number = signature.startsWith(prefix)
      ? /^(\d+)\(\)$/.exec(signature.slice(prefix.length))?.[1]
      : undefined;
    return number === undefined ? [] : [{ version: Number(number), body }];
  });
  return versions.toSorted((a, b) => b.version - a.version)[0];
}

/** @throws AfterglowError vector_missing */
export function extensionSteps(
  sources: readonly RealSource[],
  state: InitState,
  schema: string,
): readonly SqlStep[] {
  const enrichment = sources.flatMap(({ enrichments }) => enrichments).find(({ chunked }) => chunked);
  if (enrichment === undefined || state.vectorSchema !== undefined) return [];
  if (!state.vectorAvailable) {
    throw new AfterglowError(
      'vector_missing',
      `Enrichment ${enrichment.enrichment} makes vectors, and the server has no pgvector.`,
    );
  }
  return sqlStep('extension vector', 'vectors need pgvector', [
    `create extension if not exists vector schema ${quoteIdentifier(schema)}`,
  ]);
}
