// What a service asks at its start: is this database set up, and for the very definition that I was given?
import type { Definition } from '../config/definition.ts';
import { definitionInForce } from '../config/in-force.ts';
import { revisionContent } from '../config/revision.ts';
import { AfterglowError } from '../errors/catalogue.ts';
import type { Queryable } from '../postgres/connect.ts';
import { appliedMigrations, pendingMigrations } from './migrations.ts';
import { PIPELINE, REVISIONS } from './names.ts';

export interface Registration {
  readonly pipeline: string;
  /** Afterglow itself made this database, so it may do there what it would never do in somebody else's. */
  readonly createdByAfterglow: boolean;
  readonly revisions: ReadonlyMap<string, number>;
}

const REGISTERED = `select distinct on (enrichment) enrichment, revision, sha256 from ${REVISIONS}
  order by enrichment, revision desc`;

interface RevisionRow {
  readonly enrichment: string;
  readonly revision: number;
  readonly sha256: string;
}

/** Newest revision of every enrichment that was ever registered. */
export async function readRevisions(client: Queryable): Promise<ReadonlyMap<string, RevisionRow>> {
  const { rows } = await client.query<RevisionRow>(REGISTERED);
  return new Map(rows.map((row) => [row.enrichment, row]));
}

/** What each revision of the enrichment was, as revisionContent() had it. */
export async function readRevisionContents(
  client: Queryable,
  enrichment: string,
): Promise<ReadonlyMap<number, unknown>> {
  const { rows } = await client.query<{ revision: number; content: string }>(
    `select revision, content::text as content from ${REVISIONS} where enrichment = $1`,
    [enrichment],
  );
  return new Map(rows.map(({ revision, content }) => [revision, JSON.parse(content) as unknown]));
}

/** The pipeline this database is set up for; undefined when `init` never ran here. */
export async function readPipeline(
  client: Queryable,
): Promise<{ readonly name: string; readonly createdByAfterglow: boolean } | undefined> {
  const { rows: present } = await client.query<{ present: boolean }>(
    'select to_regclass($1) is not null as present',
    [PIPELINE],
  );
  if (present[0]?.present !== true) return undefined;
  const { rows } = await client.query<{ name: string; created_by_afterglow: boolean }>(
    `select name, created_by_afterglow from ${PIPELINE}`,
  );
  const row = rows[0];
  return row === undefined ? undefined : { name: row.name, createdByAfterglow: row.created_by_afterglow };
}

/** @throws AfterglowError database_not_initialised */
export async function verifyPipeline(
  client: Queryable,
  definition: Definition,
): Promise<Pick<Registration, 'pipeline' | 'createdByAfterglow'>> {
  const pipeline = await readPipeline(client);
  if (pipeline === undefined) throw new AfterglowError('database_not_initialised');
  if (pipeline.name !== definition.pipeline) {
    throw new AfterglowError(
      'database_not_initialised',
      `The database is set up for the pipeline ${pipeline.name}, the definition is that of ${definition.pipeline}.`,
      { remedy: `Use the definition of ${pipeline.name}, or another database.` },
    );
  }
  const behind = pendingMigrations(await appliedMigrations(client));
  if (behind.length > 0) {
    throw new AfterglowError(
      'database_not_initialised',
      `The side tables are those of an earlier version: ${behind.map(({ name }) => name).join(', ')} is missing.`,
      { remedy: 'Run `afterglow init`.' },
    );
  }
  return { pipeline: pipeline.name, createdByAfterglow: pipeline.createdByAfterglow };
}

/** @throws AfterglowError database_not_initialised, revision_unregistered */
export async function verifyRegistered(client: Queryable, definition: Definition): Promise<Registration> {
  const pipeline = await verifyPipeline(client, definition);
  const registered = await readRevisions(client);
  const inForce = definitionInForce(definition, registered);
  const revisions = new Map(
    Object.keys(inForce.enrichments).map((name): [string, number] => [
      name,
      sameRevision(inForce, name, registered.get(name)),
    ]),
  );
  return { ...pipeline, revisions };
}

/**
 * The number of the newest registered revision, when it is this definition.
 * @throws AfterglowError database_not_initialised, revision_unregistered
 */
export async function registeredRevision(
  client: Queryable,
  definition: Definition,
  name: string,
): Promise<number> {
  await verifyPipeline(client, definition);
  return sameRevision(definition, name, (await readRevisions(client)).get(name));
}

function sameRevision(definition: Definition, name: string, registered: RevisionRow | undefined): number {
  if (registered === undefined) {
    throw new AfterglowError('revision_unregistered', `Enrichment ${name} is not registered yet.`, {
      remedy: 'Run `afterglow init`.',
    });
  }
  if (registered.sha256 === revisionContent(definition, name).sha256) return registered.revision;
  throw new AfterglowError(
    'revision_unregistered',
    `The definition of enrichment ${name} is not its registered revision ${registered.revision}.`,
  );
}
