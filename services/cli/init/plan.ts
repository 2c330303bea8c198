// What `afterglow init` will do: a pure function of the definition and of what is there.
import type { Definition } from '../../../shared/config/definition.ts';
import { definitionInForce } from '../../../shared/config/in-force.ts';
import { revisionContent } from '../../../shared/config/revision.ts';
import { counterpartOf, shadowedBy, shadowOf } from '../../../shared/contracts/shadow.ts';
import { quoteLiteral } from '../../../shared/postgres/connect.ts';
import { budgetContent, registerBudgetStatement } from '../../../shared/side-tables/budget.ts';
import { migrationStatements, pendingMigrations } from '../../../shared/side-tables/migrations.ts';
import { PIPELINE, REVISIONS, TOPIC_PARTITIONS } from '../../../shared/side-tables/names.ts';
import { checkCutOver, checkFunctionNames, checkServer, missingPrivileges } from './checks.ts';
import { publicationSteps } from './publication.ts';
import { redoSteps } from './redo-steps.ts';
import { activitySteps, type LoginPasswords, missingRoles, roleNotes, roleSteps } from './roles.ts';
import { DEFAULT_VECTOR_SCHEMA, realSources } from './sources.ts';
import type { InitState } from './state.ts';
import {
  type InitPlan,
  type InitStep,
  type SqlStep,
  sqlStep,
  type TopicSettingsStep,
  type TopicStep,
} from './step.ts';
import { outputFunctionSteps, similarFunctionSteps, tableSteps } from './table-steps.ts';
import { differenceText, initTopics, lackingSettings } from './topics.ts';
import { extensionSteps, viewSteps } from './view-steps.ts';
import { grantSteps } from './wanted-grants.ts';

export interface InitOptions {
  readonly definition: Definition;
  /** True only for the database that `afterglow up` itself made. */
  readonly createdByAfterglow?: boolean;
  /** Makes the services' roles able to log in, for a stack that starts them itself. */
  readonly loginPasswords?: LoginPasswords;
  /** Nobody asked for the file's budget to count: another machine may have registered a newer one. */
  readonly keepsBudget?: boolean;
}

/** @throws AfterglowError with everything that has to be done before */
export function planInit(options: InitOptions, state: InitState): InitPlan {
  checkCutOver(options.definition, state);
  const definition = definitionInForce(options.definition, state.revisions);
  const { loginPasswords } = options;
  const { pipeline } = definition;
  checkServer(definition, state);
  const sources = realSources(definition, state);
  const enrichments = sources.flatMap((source) => source.enrichments);
  // The results of a shadow are in no view and behind no function.
  const counting = enrichments.filter(({ enrichment }) => shadowedBy(enrichment) === undefined);
  checkFunctionNames(counting);
  const steps: readonly InitStep[] = [
    ...migrationSteps(state),
    ...pipelineSteps(options, state),
    ...extensionSteps(sources, state, DEFAULT_VECTOR_SCHEMA),
    ...roleSteps(pipeline, state, loginPasswords),
    ...publicationSteps(pipeline, sources, state),
    ...enrichments.flatMap((tables) => tableSteps(tables, state)),
    ...sources.flatMap((source) => viewSteps(pipeline, source, state)),
    ...counting.flatMap((tables) => outputFunctionSteps(tables, state)),
    ...similarFunctionSteps(enrichments, state, DEFAULT_VECTOR_SCHEMA),
    ...grantSteps(pipeline, sources, state),
    ...activitySteps(pipeline, state),
    ...revisionSteps(definition, state),
    ...(options.keepsBudget === true ? [] : budgetSteps(definition, state)),
    ...partitionSteps(definition, state),
    ...redoSteps(definition, state),
    ...topicSteps(definition, state),
  ];
  const rolesAreNew = missingRoles(pipeline, state).length > 0 && loginPasswords === undefined;
  return {
    steps,
    lacks: steps.some(({ kind }) => kind === 'sql') ? missingPrivileges(pipeline, sources, state) : [],
    notes: [
      ...(rolesAreNew ? roleNotes(pipeline, state) : []),
      ...cutOverNotes(options.definition, definition),
      ...leftOver(definition, state),
    ],
  };
}

function migrationSteps(state: InitState): readonly SqlStep[] {
  return pendingMigrations(state.migrations).flatMap((migration) =>
    sqlStep(`side tables, ${migration.name}`, 'bookkeeping of the services', migrationStatements(migration)),
  );
}

function pipelineSteps(
  { definition, createdByAfterglow }: InitOptions,
  state: InitState,
): readonly SqlStep[] {
  if (state.pipeline !== undefined) return [];
  return sqlStep('pipeline', 'one database is one pipeline', [
    `insert into ${PIPELINE} (name, created_by_afterglow) values (${quoteLiteral(definition.pipeline)}, ${createdByAfterglow === true})`,
  ]);
}

/** Only what can change an outcome makes a new revision: results of another one are outdated. */
function revisionSteps(definition: Definition, state: InitState): readonly SqlStep[] {
  const numbers = new Map([...state.revisions].map(([name, { revision }]) => [name, revision]));
  return Object.keys(definition.enrichments).flatMap((name) => {
    const { json, sha256 } = revisionContent(definition, name);
    const newest = state.revisions.get(name);
    if (newest?.sha256 === sha256) return [];
    // Outcomes of a model and of its shadow may come to stand on one topic: their numbers tell them apart.
    const revision = Math.max(numbers.get(name) ?? 0, numbers.get(counterpartOf(name)) ?? 0) + 1;
    numbers.set(name, revision);
    const reason =
      newest === undefined ? 'its first definition' : 'its definition has changed, so its results will';
    return sqlStep(`revision ${revision} of ${name}`, reason, [
      `insert into ${REVISIONS} (enrichment, revision, sha256, content) values (${quoteLiteral(name)}, ${revision}, ${quoteLiteral(sha256)}, ${quoteLiteral(json)})`,
    ]);
  });
}

/** No new revision: nothing of it changes an outcome that there is money for. */
function budgetSteps(definition: Definition, state: InitState): readonly SqlStep[] {
  if (state.budget === budgetContent(definition)) return [];
  const reason = 'what may be spent a day: services that run see it within seconds';
  return sqlStep('budget', reason, [registerBudgetStatement(definition)]);
}

function partitionSteps(definition: Definition, state: InitState): readonly SqlStep[] {
  const rows = initTopics(definition)
    .filter(({ topic, keyed }) => keyed && !state.recordedPartitions.has(topic))
    .map(({ topic, partitions }) => `(${quoteLiteral(topic)}, ${partitions})`);
  return sqlStep(
    'partition counts',
    'keys keep their places only as long as these stay',
    rows.length === 0
      ? []
      : [`insert into ${TOPIC_PARTITIONS} (topic, partitions) values ${rows.join(', ')}`],
  );
}

function topicSteps(definition: Definition, state: InitState): readonly (TopicStep | TopicSettingsStep)[] {
  return initTopics(definition).flatMap(
    ({ topic, partitions, settings }): readonly (TopicStep | TopicSettingsStep)[] => {
      const existing = state.topics.get(topic);
      if (existing === undefined) {
        const reason = `${partitions} ${partitions === 1 ? 'partition' : 'partitions'}, ${settings['cleanup.policy']}`;
        return [{ kind: 'topic', title: `topic ${topic}`, reason, topic: { topic, partitions, settings } }];
      }
      const lacking = lackingSettings(settings, existing.settings);
      if (Object.keys(lacking).length === 0) return [];
      const reason = differenceText(lacking, existing.settings);
      return [{ kind: 'topic_settings', title: `settings of ${topic}`, reason, topic, settings: lacking }];
    },
  );
}

function cutOverNotes(written: Definition, inForce: Definition): readonly string[] {
  return Object.entries(written.enrichments)
    .filter(
      ([name, enrichment]) => shadowedBy(name) === undefined && inForce.enrichments[name] !== enrichment,
    )
    .map(
      ([name]) =>
        `${name} was cut over to what the definition has as ${shadowOf(name)}: exchange the two there when it suits you, or write that one as ${name} and take ${shadowOf(name)} out.`,
    );
}

function leftOver(definition: Definition, state: InitState): readonly string[] {
  return [...state.revisions.keys()]
    .filter((name) => !(name in definition.enrichments))
    .map(
      (name) => `Enrichment ${name} is no longer in the definition; its tables and topics stay as they are.`,
    );
}
