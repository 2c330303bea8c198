import pg from 'pg';
import { AfterglowError } from '../errors/catalogue.ts';

export type DatabaseClient = pg.Client;
export type DatabasePool = pg.Pool;
/** What a statement can be sent through: a pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface DatabaseSettings {
  /** postgres://user:password@host:port/database?sslmode=…; never logged. */
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly statementTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * The one form in which PostgreSQL writes values as text, for the replication stream and every query alike: two forms of
 * one value would hash differently, be paid twice and alarm the audit.
 */
export const SESSION_OPTIONS =
  '-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex -c extra_float_digits=1';

/** Values stay PostgreSQL's text, except these, which cannot lose anything. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [16, (text) => text === 't'],
  [21, Number],
  [23, Number],
]);
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS.get(oid) ?? ((text: string) => text),
};

export function clientConfig(settings: DatabaseSettings): pg.ClientConfig {
  return {
    connectionString: settings.url,
    application_name: settings.applicationName,
    options: SESSION_OPTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    types,
  };
}

/** One connection; `end()` it. */
export async function connectDatabase(settings: DatabaseSettings): Promise<DatabaseClient> {
  const client = new pg.Client(clientConfig(settings));
  // A connection that breaks between two statements must not end the process: the next statement reports it.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => {});
    throw unreachable(settings.url, error);
  }
  return client;
}

/** A pool; `end()` it. Connects on first use. */
export function createPool(settings: DatabaseSettings & { readonly connectionsMax: number }): DatabasePool {
  const pool = new pg.Pool({ ...clientConfig(settings), max: settings.connectionsMax });
  pool.on('error', () => {});
  return pool;
}

/** Runs `work` in one transaction on one connection of the pool. */
export async function inTransaction<T>(
  pool: DatabasePool,
  work: (client: Queryable) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Where a URL leads, without its password. */
export function describeDatabase(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname || 'localhost'}:${port || '5432'}${pathname || '/'}`;
  } catch {
    return 'an unreadable DATABASE_URL';
  }
}

export function unreachable(url: string, cause: unknown): AfterglowError {
  const reason = sqlState(cause) ?? (cause instanceof Error ? cause.name : 'unknown');
  const text = cause instanceof Error && 'code' in cause ? String(cause.code) : reason;
  return new AfterglowError('database_unreachable', `No connection to ${describeDatabase(url)} (${text}).`, {
    cause,
  });
}

/** What the server answers instead of a result. */
export const { DatabaseError } = pg;

/** The five characters PostgreSQL classifies an error with. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

export const quoteIdentifier = (name: string): string => pg.escapeIdentifier(name);
export const quoteLiteral = (text: string): string => pg.escapeLiteral(text);
