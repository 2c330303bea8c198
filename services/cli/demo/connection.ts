import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { Customer } from './customers.ts';
import { assertDemoTables } from './tables.ts';
import { CUSTOMERS_MAX } from './traffic.ts';

export interface DemoConnection {
  readonly client: DatabaseClient;
  /** In a stable order, so that the same seed meets the same ones. */
  readonly customers: readonly (Customer & { readonly id: string })[];
  readonly nextCustomerNumber: number;
}

const STATEMENT_TIMEOUT_MS = 10_000;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;
/** Wrong user, wrong password, no such database: waiting changes nothing. */
const HOPELESS = /^(28|3D)/;

/** Tries until the database answers; undefined once `signal` has aborted. Rejects where the tables are not ours. */
export async function connectPatiently(
  url: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<DemoConnection | undefined> {
  let waitMs = RETRY_FIRST_MS;
  while (!signal.aborted) {
    try {
      return await connect(url);
    } catch (error) {
      if (isHopeless(error)) throw error;
      logger.warn({ retry_in_ms: waitMs }, 'the database does not answer: trying again');
    }
    await pause(waitMs, signal);
    waitMs = Math.min(RETRY_MAX_MS, waitMs * 2);
  }
  return undefined;
}

async function connect(url: string): Promise<DemoConnection> {
  const client = await connectDatabase({
    url,
    applicationName: 'afterglow demo',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    await assertDemoTables(client);
    const { rows: customers } = await client.query<Customer & { id: string }>(
      'select id, email, country from public.customers order by id limit $1',
      [CUSTOMERS_MAX],
    );
    const { rows } = await client.query<{ next: string }>(
      'select coalesce(max(id), 0) + 1 as next from public.customers',
    );
    return { client, customers, nextCustomerNumber: Number(rows[0]?.next ?? 1) };
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

function isHopeless(error: unknown): boolean {
  if (!(error instanceof AfterglowError)) return false;
  return error.code !== 'database_unreachable' || HOPELESS.test(sqlState(error.cause) ?? '');
}
