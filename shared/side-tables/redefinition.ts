import type { Definition } from '../config/definition.ts';
import { AfterglowError } from '../errors/catalogue.ts';
import { asFault, Fault } from '../errors/policy.ts';
import { pause } from '../lifecycle/run-service.ts';
import { type Queryable, sqlState } from '../postgres/connect.ts';
import { isTransient } from '../postgres/transient.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type KeysRead, keysAltered, requireKeyTypes } from './key-types.ts';
import { registeredRevision } from './revisions.ts';

const LOOK_INTERVAL_MS = 5_000;

/**
 * Aborts when `init` has registered another definition of one of the enrichments: this one's results would be outdated. Also when
 * the source has other key types than its side tables: then the reason is a fault for somebody to put right. And when both have
 * others than those that the session has `read`, whose casts would make the key of one row that of another.
 */
export function redefinition(
  database: Queryable,
  definition: Definition,
  read: readonly KeysRead[],
  logger: Logger,
  signal: AbortSignal,
): AbortSignal {
  const redefined = new AbortController();
  const names = read.map(({ enrichment }) => enrichment);
  const end = (reason: unknown): void => {
    logger.warn({ err: reason }, 'the definition has changed: draining');
    redefined.abort(reason);
  };
  const look = async (): Promise<void> => {
    while (!redefined.signal.aborted && (await pause(LOOK_INTERVAL_MS, signal))) {
      try {
        for (const name of names) await registeredRevision(database, definition, name);
        const altered = await keysOf(database, definition, read);
        if (altered !== undefined) end(altered);
      } catch (error) {
        // A database that is away says nothing about the definition; its own users notice.
        if (isTransient(error)) continue;
        // Asked between two statements of an ending service: what it says then is of no interest.
        if (signal.aborted) return;
        end(reasonOf(error));
      }
    }
  };
  void look();
  return redefined.signal;
}

/** Nothing but another revision is another definition: what else ends the session is a fault, and ends it as one. */
function reasonOf(error: unknown): unknown {
  if (error instanceof Fault) return error;
  if (error instanceof AfterglowError && error.code === 'revision_unregistered') return error;
  const { code } = error instanceof AfterglowError ? error : { code: sqlState(error) ?? asFault(error).code };
  return new Fault('unknown', code, 'the definition in force could not be read', { cause: error });
}

/** Of tables that are missing nothing: whoever uses them notices, and their going is no other definition. @throws Fault */
async function keysOf(
  database: Queryable,
  definition: Definition,
  read: readonly KeysRead[],
): Promise<Fault | undefined> {
  for (const each of read) {
    try {
      await requireKeyTypes(database, definition, [each.enrichment]);
      const altered = await keysAltered(database, [each]);
      if (altered !== undefined) return altered;
    } catch (error) {
      if (!(error instanceof AfterglowError) || error.code !== 'database_not_initialised') throw error;
    }
  }
  return undefined;
}
