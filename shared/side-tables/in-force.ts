// A service works by the definition that is in force, which a cut-over may change while it runs.
import type { Definition } from '../config/definition.ts';
import { definitionInForce } from '../config/in-force.ts';
import { counterpartOf } from '../contracts/shadow.ts';
import { AfterglowError } from '../errors/catalogue.ts';
import { pause } from '../lifecycle/run-service.ts';
import type { ServiceSettings } from '../lifecycle/service-settings.ts';
import { connectDatabase, type Queryable } from '../postgres/connect.ts';
import { isTransient } from '../postgres/transient.ts';
import { readMoving } from './cutovers.ts';
import { appliedMigrations } from './migrations.ts';
import { readRevisions, registeredRevision } from './revisions.ts';

/** The definition of the file as the database has it. */
export async function readDefinitionInForce(client: Queryable, definition: Definition): Promise<Definition> {
  // What is not set up yet is told by whoever needs it.
  if ((await appliedMigrations(client)).length === 0) return definition;
  return definitionInForce(definition, await readRevisions(client));
}

const MOVING_LOOK_INTERVAL_MS = 500;

/**
 * Runs `session` by the definition that is in force, and again when it ended because an enrichment and its shadow have changed
 * places. One of an enrichment waits while the offsets of its group are moved.
 */
export async function runInForce(
  settings: Pick<ServiceSettings, 'definition' | 'databaseUrl' | 'telemetry' | 'logger'>,
  enrichment: string | undefined,
  session: (definition: Definition) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { telemetry, logger } = settings;
  let before: Definition | undefined;
  let failure: { readonly error: unknown } | undefined;
  while (!signal.aborted) {
    const { definition, isMoving } = await look(settings, enrichment);
    const isOther = isMoving || (before !== undefined && !isSame(before, definition));
    // A statement whose table has become another one fails in whatever way: then the cut-over is why.
    if (failure !== undefined && !isOther) throw failure.error;
    if (failure !== undefined) logger.warn({ err: failure.error, enrichment }, 'ended by a cut-over');
    failure = undefined;
    if (isMoving) {
      telemetry.readiness.notReady('group', 'a cut-over is under way: `afterglow cutover` ends it');
      await pause(MOVING_LOOK_INTERVAL_MS, signal);
      continue;
    }
    if (before !== undefined) {
      // It ended by itself, and nothing has changed places: it was told to, or its definition was replaced.
      if (!isOther) return;
      logger.info({ enrichment }, 'cut over: going on with the tables of now');
    }
    before = definition;
    try {
      await session(definition);
    } catch (error) {
      if (isTransient(error)) throw error;
      failure = { error };
    }
  }
  if (failure !== undefined) throw failure.error;
}

async function look(
  { definition, databaseUrl: url }: Pick<ServiceSettings, 'definition' | 'databaseUrl'>,
  enrichment: string | undefined,
): Promise<{ readonly definition: Definition; readonly isMoving: boolean }> {
  const applicationName = `${definition.pipeline} definition`;
  const client = await connectDatabase({ url, applicationName });
  try {
    const inForce = await readDefinitionInForce(client, definition);
    return { definition: inForce, isMoving: enrichment !== undefined && (await isMoved(client, enrichment)) };
  } finally {
    await client.end();
  }
}

/** The offsets of its group are being moved. */
async function isMoved(client: Queryable, enrichment: string): Promise<boolean> {
  const moving = await readMoving(client);
  return [enrichment, counterpartOf(enrichment)].some((name) => name !== undefined && moving.has(name));
}

/**
 * Whether `definition` is still that of the enrichment, asked by a member of its group: a cut-over that begins after a yes
 * waits for it to leave, one that began before may have moved the offsets already.
 */
export async function isStillInForce(
  client: Queryable,
  definition: Definition,
  enrichment: string,
): Promise<boolean> {
  try {
    await registeredRevision(client, definition, enrichment);
  } catch (error) {
    if (error instanceof AfterglowError && error.code === 'revision_unregistered') return false;
    throw error;
  }
  return !(await isMoved(client, enrichment));
}

/** The bodies are those of one file, so they are the same objects unless they have changed places. */
const isSame = (one: Definition, other: Definition): boolean =>
  Object.entries(one.enrichments).every(([name, enrichment]) => other.enrichments[name] === enrichment);
