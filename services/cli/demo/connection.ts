import { type BackoffLimits, backoffMs } from '../../../shared/lifecycle/backoff.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import { isTransient } from '../../../shared/postgres/transient.ts';
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
const RETRY: BackoffLimits = { firstMs: 400, maxMs: 5_000 };
/** Wrong user, wrong password, no such database: waiting changes nothing. */
const HOPELESS = /^(28|3D)/;

/** Tries until the database answers; undefined once `signal` has aborted. Rejects where the tables are not ours. */
export async function connectPatiently(
  url: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<DemoConnection | undefined> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      return await connect(url);
    } catch (error) {
      if (!isTransient(error) || HOPELESS.test(causeState(error))) throw error;
      const waitMs = backoffMs(attempt, RETRY, Math.random);
      logger.warn({ retry_in_ms: waitMs }, 'the database does not answer: trying again');
      await pause(waitMs, signal);
    }
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

function causeState(error: unknown): string {
  return (error instanceof Error ? sqlState(error.cause) : undefined) ?? '';
}
