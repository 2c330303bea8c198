// Everything that set-up made, taken away by name and never by cascade: what others built on it stops the removal.
import type { Definition } from '../../../shared/config/definition.ts';
import { enricherGroup } from '../../../shared/contracts/topics.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { quoteIdentifier, quoteLiteral } from '../../../shared/postgres/connect.ts';
import {
  dollarQuoted,
  enrichedView,
  enrichedViewName,
  INTERNAL_SCHEMA,
  INTERNAL_TABLES,
  mendFunction,
  mendFunctionName,
  outputFunction,
  outputFunctionName,
  publicationName,
  qualifiedName,
  ROLES,
  roleName,
  SCHEMA,
  similarFunction,
  slotName,
  stateTableName,
  viewFunction,
} from '../../../shared/side-tables/names.ts';
import { enrichmentTablesOf } from '../../../shared/side-tables/read-tables.ts';
import { type Grant, grantStatements } from './grants.ts';
import type { InitState } from './state.ts';
import { type InitPlan, type RemovalStep, type SqlStep, sqlStep } from './step.ts';
import { similarFunctionOf } from './table-steps.ts';
import { initGroups, initTopics } from './topics.ts';
import { currentFunction } from './view-steps.ts';

/** @throws AfterglowError while a service is connected */
export function planRemove(definition: Definition, state: InitState): InitPlan {
  const { pipeline } = definition;
  if (state.slot?.active === true) {
    throw new AfterglowError(
      'services_running',
      `The reader is connected to replication slot ${slotName(pipeline)}; nothing was changed.`,
    );
  }
  if (state.pipeline !== undefined && state.pipeline !== pipeline) {
    throw new AfterglowError(
      'database_of_another_pipeline',
      `Database ${state.server.database} is set up for the pipeline ${state.pipeline}; nothing was changed.`,
      { remedy: `Use the definition of ${state.pipeline}.` },
    );
  }
  const publication = quoteIdentifier(publicationName(pipeline));
  const inDatabase = [
    ...sqlStep(
      `publication ${publicationName(pipeline)}`,
      'nobody reads it any more',
      state.publication === undefined ? [] : [`drop publication ${publication}`],
    ),
    ...(state.migrations.length === 0 ? [] : sideTableSteps(definition, state)),
    ...roleSteps(pipeline, state),
  ];
  const slot = sqlStep(
    `replication slot ${slotName(pipeline)}`,
    'an abandoned slot keeps the log until the disk is full',
    state.slot === undefined ? [] : [`select pg_drop_replication_slot(${quoteLiteral(slotName(pipeline))})`],
  );
  if (inDatabase.length + slot.length + state.topics.size === 0) return { steps: [], notes: [], lacks: [] };
  // Dropping the slot cannot be rolled back, so it comes when little else can fail; still it is gone before the rest is
  // seen to be.
  const steps = [...inDatabase, ...groupSteps(definition, state), ...slot, ...topicSteps(definition, state)];
  return { steps, notes: [], lacks: [] };
}

function sideTableSteps(definition: Definition, state: InitState): readonly SqlStep[] {
  const relations = new Set(state.columns.map(({ schema, relation }) => JSON.stringify([schema, relation])));
  const exists = (schema: string, relation: string): boolean =>
    relations.has(JSON.stringify([schema, relation]));
  const drop = (kind: 'view' | 'function' | 'table', names: readonly string[]): readonly string[] =>
    names.map((name) => `drop ${kind} ${name}`);

  const sources = sourcesWithViews(definition, state);
  const enrichments = new Set([...state.revisions.keys(), ...Object.keys(definition.enrichments)]);
  const tables = [...enrichments].flatMap((name) => enrichmentTablesOf(name, state.columns) ?? []);
  const viewFunctions = sources.flatMap((source) => {
    const current = currentFunction(source, state);
    const mends = state.functions.has(`${INTERNAL_SCHEMA}.${mendFunctionName(source)}()`);
    return [
      ...(current === undefined ? [] : [`${viewFunction(source, current.version)}()`]),
      ...(mends ? [`${mendFunction(source)}()`] : []),
    ];
  });
  const outputFunctions = tables.flatMap(({ enrichment, outputs }) =>
    outputs
      .filter(({ name }) => {
        const prefix = `${SCHEMA}.${outputFunctionName(enrichment, name)}(`;
        return [...state.functions.keys()].some((signature) => signature.startsWith(prefix));
      })
      .map(({ name }) => outputFunction(enrichment, name)),
  );
  const similar = similarFunctionOf(state) === undefined ? [] : [similarFunction];
  const stateTables = [...enrichments].map(stateTableName);
  const internal = [...stateTables, ...INTERNAL_TABLES].filter((name) => exists(INTERNAL_SCHEMA, name));
  return [
    ...sqlStep('views', 'results are taken away', [
      ...drop('view', sources.filter((source) => exists(SCHEMA, enrichedViewName(source))).map(enrichedView)),
      ...drop('function', [...viewFunctions, ...outputFunctions, ...similar]),
    ]),
    ...sqlStep('side tables', 'with the results in them', [
      ...drop(
        'table',
        [...enrichments].filter((name) => exists(SCHEMA, name)).map((name) => qualifiedName(SCHEMA, name)),
      ),
      ...drop(
        'table',
        internal.map((name) => qualifiedName(INTERNAL_SCHEMA, name)),
      ),
      `drop schema ${quoteIdentifier(SCHEMA)}`,
      `drop schema ${quoteIdentifier(INTERNAL_SCHEMA)}`,
    ]),
  ];
}

/** Those of the definition, and those of earlier ones: their functions say so. */
function sourcesWithViews(definition: Definition, state: InitState): readonly string[] {
  const pattern = new RegExp(`^${INTERNAL_SCHEMA}\\.(.+)${enrichedViewName('')}_\\d+\\(\\)$`);
  const earlier = [...state.functions.keys()].flatMap((signature) => pattern.exec(signature)?.[1] ?? []);
  return [...new Set([...Object.keys(definition.sources), ...earlier])];
}

/** Roles belong to the whole server: one that holds privileges in another database stays. */
function roleSteps(pipeline: string, state: InitState): readonly SqlStep[] {
  const ours = ROLES.map((role) => roleName(pipeline, role)).filter((name) => state.roles.has(name));
  const elsewhere = [...state.grants]
    .map((key) => JSON.parse(key) as [string, Grant['privilege'], string, string | null, string | null])
    .map(([role, privilege, schema, table, column]): Grant => ({ role, privilege, schema, table, column }))
    .filter(({ role, schema }) => ours.includes(role) && schema !== SCHEMA && schema !== INTERNAL_SCHEMA);
  const dropRole = (name: string): string =>
    `do ${dollarQuoted(`begin drop role ${quoteIdentifier(name)}; exception when dependent_objects_still_exist or insufficient_privilege or undefined_object then null; end`)}`;
  return [
    ...sqlStep('privileges', 'the services are gone', grantStatements(elsewhere, 'revoke')),
    ...sqlStep('roles', 'as far as nobody else uses them', ours.map(dropRole)),
  ];
}

function groupSteps(definition: Definition, state: InitState): readonly RemovalStep[] {
  const earlier = [...state.revisions.keys()].map((name) => enricherGroup(definition.pipeline, name));
  const names = [...new Set([...initGroups(definition), ...earlier])];
  return [
    { kind: 'remove_groups', title: 'consumer groups', reason: 'their offsets mean nothing any more', names },
  ];
}

function topicSteps(definition: Definition, state: InitState): readonly RemovalStep[] {
  const topics = initTopics(definition).map(({ topic }) => topic);
  const names = [...new Set([...topics, ...state.recordedPartitions.keys()])];
  return [{ kind: 'remove_topics', title: 'topics', reason: 'with the events in them', names }];
}
