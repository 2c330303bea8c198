// What has to be right before anything is changed.
import type { Definition } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { quoteIdentifier } from '../../../shared/postgres/connect.ts';
import type { EnrichmentTables } from '../../../shared/side-tables/enrichment-tables.ts';
import { pendingMigrations } from '../../../shared/side-tables/migrations.ts';
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
import { type InitState, tableKey } from './state.ts';
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
    const existing = state.topics.get(topic) ?? state.recordedPartitions.get(topic);
    if (keyed && existing !== undefined && existing !== partitions) {
      throw new AfterglowError(
        'partitions_fixed',
        `Topic ${topic} has ${existing} partitions, the definition asks for ${partitions}.`,
      );
    }
  }
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

interface Lack {
  readonly what: string;
  readonly run: string;
}

/** Everything that is missing at once, with what gives it. @throws AfterglowError privileges_missing */
export function checkPrivileges(pipeline: string, sources: readonly RealSource[], state: InitState): void {
  const lacks = state.server.superuser ? [] : missingPrivileges(pipeline, sources, state);
  if (lacks.length === 0) return;
  const lines = lacks.map(({ what, run }) => `  ${what}\n    ${run};`);
  throw new AfterglowError(
    'privileges_missing',
    `Role ${state.server.user} may not set up database ${state.server.database}:\n${lines.join('\n')}`,
  );
}

export function missingPrivileges(
  pipeline: string,
  sources: readonly RealSource[],
  state: InitState,
): readonly Lack[] {
  const { server, publication } = state;
  const user = quoteIdentifier(server.user);
  const lacks: Lack[] = [];
  const isNew = pendingMigrations(state.migrations).length > 0 && state.migrations.length === 0;
  if (!server.createInDatabase && (isNew || publication === undefined)) {
    const run = `grant create on database ${quoteIdentifier(server.database)} to ${user}`;
    lacks.push({ what: 'cannot create schemas and a publication', run });
  }
  if (server.ownsSchemas === false) {
    lacks.push({
      what: 'does not own what an earlier init made',
      run: `grant ${quoteIdentifier(server.schemaOwner ?? '')} to ${user}`,
    });
  }
  if (publication !== undefined && !publication.owned) {
    const name = quoteIdentifier(publicationName(pipeline));
    lacks.push({ what: 'does not own the publication', run: `alter publication ${name} owner to ${user}` });
  }
  const roles = missingRoles(pipeline, state);
  if (roles.length > 0 && !server.createRole) {
    const run = roles.map((role) => `create role ${quoteIdentifier(role)} nologin`).join('; ');
    lacks.push({ what: 'cannot create roles', run });
  }
  const missing = missingGrants(pipeline, sources, state);
  for (const source of sources) {
    const shown = `${source.schema}.${source.table}`;
    const published = publication !== undefined && isPublished(source, publication.tables);
    const granted = !missing.some(({ schema, table }) => schema === source.schema && table === source.table);
    if (state.ownedTables.has(tableKey({ schema: source.schema, name: source.table }))) continue;
    if (published && granted) continue;
    const run = `alter table ${qualifiedName(source.schema, source.table)} owner to ${user}`;
    lacks.push({ what: `does not own ${shown}, which publishing it asks for`, run });
  }
  const closed = new Set(missing.filter(({ table }) => table === null).map(({ schema }) => schema));
  for (const schema of closed) {
    if (!state.foreignSchemas.has(schema)) continue;
    const run = `grant usage on schema ${quoteIdentifier(schema)} to ${user} with grant option`;
    lacks.push({ what: `cannot let the services into schema ${schema}`, run });
  }
  return lacks;
}
