import { pause } from '../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface BesideStream {
  readonly databaseUrl: string;
  readonly applicationName: string;
  readonly logger: Logger;
  /** What the log says when a look fails. */
  readonly trouble: string;
}

/** What is looked for may need whole tables to be read; waiting for somebody's lock is not worth it. */
const NO_TIMEOUT = 0;
const SESSION = "set lock_timeout = '2s'";
const AFTER_TROUBLE_MS = 10_000;

/**
 * Looks again and again on a connection of its own until `signal` aborts, so that neither stream nor heartbeat waits for it;
 * `look` says how long there is nothing to do. A look that fails ends nothing: it is repeated.
 */
export async function lookBesideStream(
  { databaseUrl: url, applicationName, logger, trouble }: BesideStream,
  look: (client: DatabaseClient) => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  let client: DatabaseClient | undefined;
  const hangUp = (): void => void client?.end().catch(() => {});
  // Also in the middle of a long statement: nothing of it is kept, and it begins anew.
  signal.addEventListener('abort', hangUp, { once: true });
  let waitMs = 0;
  while (await pause(waitMs, signal)) {
    try {
      client ??= await connect(url, applicationName);
      // There was nothing to hang up yet, and a look may take long.
      if (signal.aborted) break;
      waitMs = await look(client);
    } catch (error) {
      if (signal.aborted) break;
      logger.warn({ err: error }, trouble);
      await client?.end().catch(() => {});
      client = undefined;
      waitMs = AFTER_TROUBLE_MS;
    }
  }
  signal.removeEventListener('abort', hangUp);
  await client?.end().catch(() => {});
}

async function connect(url: string, applicationName: string): Promise<DatabaseClient> {
  const client = await connectDatabase({ url, applicationName, statementTimeoutMs: NO_TIMEOUT });
  try {
    await client.query(SESSION);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}
