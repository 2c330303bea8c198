import type { Definition } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { KafkaAdmin } from '../../../shared/kafka/admin.ts';
import type { DatabaseClient, Queryable } from '../../../shared/postgres/connect.ts';
import { verifyRegistered } from '../../../shared/side-tables/revisions.ts';
import { previewInit } from '../init/apply.ts';
import { type Finding, findings } from './finding.ts';

export interface ExtensionFacts {
  /** Undefined: the server does not bring it. */
  readonly availableVersion: string | undefined;
  /** Undefined: not created in this database. */
  readonly installedVersion: string | undefined;
}

export async function readExtensionFacts(client: Queryable): Promise<ExtensionFacts> {
  const { rows } = await client.query<{ available: string | null; installed: string | null }>(
    "select default_version as available, installed_version as installed from pg_available_extensions where name = 'vector'",
  );
  return {
    availableVersion: rows[0]?.available ?? undefined,
    installedVersion: rows[0]?.installed ?? undefined,
  };
}

export function needsVectors({ enrichments }: Definition): boolean {
  return Object.values(enrichments).some(({ model }) => 'dimensions' in model);
}

/** Pure. Only embeddings need it; without one it is good to know before one is added. */
export function checkExtension(facts: ExtensionFacts, isNeeded: boolean): readonly Finding[] {
  const { ok, failed, warning } = findings('postgres');
  const install =
    'Install pgvector on the server (packages: postgresql-<version>-pgvector), then: create extension vector;';
  if (facts.installedVersion !== undefined) return [ok(`pgvector ${facts.installedVersion}`)];
  if (facts.availableVersion === undefined) {
    return isNeeded
      ? [failed('The server has no pgvector, and an enrichment keeps vectors.', install)]
      : [warning('The server has no pgvector: embeddings could not be kept.', install)];
  }
  if (!isNeeded) return [ok(`pgvector ${facts.availableVersion} is there when an embedding needs it`)];
  return [
    failed(
      'pgvector is not created in this database, and an enrichment keeps vectors.',
      'create extension vector;',
    ),
  ];
}

/** Side tables, pipeline, and the revision of every enrichment: the very questions that the services ask. */
export async function checkRegistration(
  client: Queryable,
  definition: Definition,
): Promise<readonly Finding[]> {
  const { ok, failed } = findings('set-up');
  try {
    const { revisions } = await verifyRegistered(client, definition);
    const listed = [...revisions].map(([name, revision]) => `${name} ${revision}`).join(', ');
    return [ok(`side tables are up to date; revisions: ${listed || 'none'}`)];
  } catch (error) {
    if (!(error instanceof AfterglowError)) throw error;
    return [failed(error.message, error.remedy)];
  }
}

/** Whatever init would still do is missing: grants, views, published columns, topics. */
export async function checkInit(
  client: DatabaseClient,
  kafka: KafkaAdmin,
  definition: Definition,
): Promise<readonly Finding[]> {
  const { ok, failed } = findings('set-up');
  try {
    const { steps } = await previewInit(client, kafka, { definition });
    if (steps.length === 0) return [ok('init has nothing to do')];
    const listed = steps.map(({ title }) => title).join('; ');
    return [
      failed(
        `init has ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} to do: ${listed}.`,
        'npx afterglow init',
      ),
    ];
  } catch (error) {
    if (!(error instanceof AfterglowError)) throw error;
    return [failed(`init would be refused: ${error.message}`, error.remedy)];
  }
}
