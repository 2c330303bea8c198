// What has to be right before anything is changed.
import type { Definition } from '../../../shared/config/definition.ts';
import { broughtBack, changedBeforeExchange } from '../../../shared/config/in-force.ts';
import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { quoteIdentifier } from '../../../shared/postgres/connect.ts';
import type { EnrichmentTables } from '../../../shared/side-tables/enrichment-tables.ts';
import {
  outputFunctionName,
  publicationName,
  qualifiedName,
  SCHEMA,
} from '../../../shared/side-tables/names.ts';
import { outputFunctionParts } from '../../../shared/side-tables/views.ts';
import { isPublished } from './publication.ts';
import { missingRoles } from './roles.ts';
import type { RealSource } from './sources.ts';
import { type InitState, type Server, tableKey } from './state.ts';
import type { Lack } from './step.ts';
import { initTopics } from './topics.ts';
import { missingGrants } from './wanted-grants.ts';

/** @throws AfterglowError */
export function checkServer(definition: Definition, state: InitState): void {
  if (state.server.walLevel !== 'logical') {
    throw new AfterglowError(
      'wal_level_too_low',
      `wal_level is ${state.server.walLevel}, it has to be logical.`,
    );
  }
  if (state.pipeline !== undefined && state.pipeline !== definition.pipeline) {
    throw new AfterglowError(
      'database_of_another_pipeline',
      `Database ${state.server.database} is set up for the pipeline ${state.pipeline}.`,
    );
  }
  for (const { topic, partitions, keyed } of initTopics(definition)) {
    const existing = state.topics.get(topic)?.partitions ?? state.recordedPartitions.get(topic);
    if (keyed && existing !== undefined && existing !== partitions) {
      throw new AfterglowError(
        'partitions_fixed',
        `Topic ${topic} has ${existing} partitions, the definition asks for ${partitions}.`,
      );
    }
  }
}

/** Going back has a way of its own, which loses nothing. @throws AfterglowError */
export function checkCutOver(definition: Definition, { revisions, cutOver }: InitState): void {
  const [name] = broughtBack(definition, revisions, cutOver);
  if (name !== undefined) {
    throw new AfterglowError(
      'definition_before_cutover',
      `Enrichment ${name} was cut over, and the definition has what it was before under its name.`,
    );
  }
  const [changed] = changedBeforeExchange(definition, revisions, cutOver);
  if (changed === undefined) return;
  throw new AfterglowError(
    'definition_before_cutover',
    `Enrichment ${changed} was cut over to what the definition has as ${shadowOf(changed)}, and ${changed} was changed there before the two were exchanged.`,
    { remedy: 'Exchange the two in the definition first, then change what you want to change.' },
  );
}

/** fraud with a_b and fraud_a with b would replace each other's function at every run. @throws AfterglowError */
export function checkFunctionNames(enrichments: readonly EnrichmentTables[]): void {
  const owners = new Map<string, string>();
  for (const tables of enrichments) {
    const output = outputFunctionParts(tables)?.output;
    if (output === undefined) continue;
    const name = outputFunctionName(tables.enrichment, output);
    const other = owners.get(name);
    if (other !== undefined) {
      const message = `Enrichments ${other} and ${tables.enrichment} would both have a function ${SCHEMA}.${name}.`;
      throw new AfterglowError('definition_invalid', message, {
        remedy: 'Rename one of them or its output.',
      });
    }
    owners.set(name, tables.enrichment);
  }
}

/** Everything that is missing at once. @throws AfterglowError privileges_missing */
export function requirePrivileges(lacks: readonly Lack[], server: Pick<Server, 'user' | 'database'>): void {
  if (lacks.length === 0) return;
  throw new AfterglowError('privileges_missing', lacksText(lacks, server));
}

export function lacksText(
  lacks: readonly Lack[],
  { user, database }: Pick<Server, 'user' | 'database'>,
): string {
  const lines = lacks.map(({ what, run }) => `  ${what}\n    ${run};`);
  return `Role ${user} may not set up database ${database}:\n${lines.join('\n')}`;
}

/** Only what there is still to do asks for a privilege. */
export function missingPrivileges(
  pipeline: string,
  sources: readonly RealSource[],
  state: InitState,
): readonly Lack[] {
  const { server } = state;
  if (server.superuser) return [];
  const user = quoteIdentifier(server.user);
  const lacks: Lack[] = [];
  const isNew = state.migrations.length === 0;
  if (!server.createInDatabase && (isNew || state.publication === undefined)) {
    const run = `grant create on database ${quoteIdentifier(server.database)} to ${user}`;
    lacks.push({ what: 'cannot create schemas and a publication', run });
  }
  if (server.ownsSchemas === false) {
    const run = `grant ${quoteIdentifier(server.schemaOwner ?? '')} to ${user}`;
    lacks.push({ what: 'does not own what an earlier init made', run });
  }
  const roles = missingRoles(pipeline, state);
  if (roles.length > 0 && !server.createRole) {
    const run = roles.map((role) => `create role ${quoteIdentifier(role)} nologin`).join('; ');
    lacks.push({ what: 'cannot create roles', run });
  }
  return [...lacks, ...missingOnSources(pipeline, sources, state)];
}

function missingOnSources(
  pipeline: string,
  sources: readonly RealSource[],
  state: InitState,
): readonly Lack[] {
  const { server, publication } = state;
  const user = quoteIdentifier(server.user);
  const lacks: Lack[] = [];
  const unpublished = sources.filter(
    (source) => publication === undefined || !isPublished(source, publication.tables),
  );
  if (publication?.owned === false && unpublished.length > 0) {
    const name = quoteIdentifier(publicationName(pipeline));
    lacks.push({ what: 'does not own the publication', run: `alter publication ${name} owner to ${user}` });
  }
  const missing = missingGrants(pipeline, sources, state);
  for (const source of sources) {
    const owner = state.foreignTables.get(tableKey({ schema: source.schema, name: source.table }));
    const granted = !missing.some(({ schema, table }) => schema === source.schema && table === source.table);
    if (owner === undefined || (granted && !unpublished.includes(source))) continue;
    // Taking a table away from the application's own role could lock the application out.
    const run = owner.superuser
      ? `alter table ${qualifiedName(source.schema, source.table)} owner to ${user}`
      : `grant ${quoteIdentifier(owner.name)} to ${user}`;
    lacks.push({ what: `does not own ${source.schema}.${source.table}, which publishing it asks for`, run });
  }
  for (const schema of new Set(missing.filter(({ table }) => table === null).map((grant) => grant.schema))) {
    if (!state.foreignSchemas.has(schema)) continue;
    const run = `grant usage on schema ${quoteIdentifier(schema)} to ${user} with grant option`;
    lacks.push({ what: `cannot let the services into schema ${schema}`, run });
  }
  return lacks;
}
