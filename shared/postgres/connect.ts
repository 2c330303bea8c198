import pg from 'pg';
import { AfterglowError } from '../errors/catalogue.ts';
import { type DatabaseAddress, databaseAddress, tlsOptions } from './address.ts';
import { BoundedClient, BoundedPool } from './bounded-end.ts';
import { isCertificateError } from './certificate-errors.ts';
import { isRefused } from './sql-states.ts';

export type DatabaseClient = pg.Client;
export type DatabasePool = pg.Pool;
/** One connection, also of a pool: whatever is sent through it is done in turn. */
export type DatabaseConnection = pg.ClientBase;
/** What a statement can be sent through: a pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface DatabaseSettings {
  /** postgres://user:password@host:port/database?sslmode=…; never logged. */
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly statementTimeoutMs?: number;
  /** A policy that hides rows from this role is an error then: who reads for everyone must not take hidden rows for deleted. */
  readonly refusesRowSecurity?: boolean;
  /** The password of one login, where the URL asks for tokens. */
  readonly token?: TokenSource;
}

export type TokenSource = (address: DatabaseAddress) => Promise<string>;

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** Beyond the statement's own time the server says at least that it gave up: one that says nothing is not there. */
const ANSWER_GRACE_MS = 10_000;

/**
 * The one form in which PostgreSQL writes values as text, for the replication stream and every query alike: two forms of
 * one value would hash differently, be paid twice and alarm the audit.
 */
const TEXT_FORM =
  '-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex -c extra_float_digits=1';
/** Whoever has waited for a lock sees what the holder did, whatever the database's default: leases would be granted twice. */
const SEES_WHAT_IT_WAITED_FOR = String.raw`-c default_transaction_isolation=read\ committed`;
export const SESSION_OPTIONS = `${TEXT_FORM} ${SEES_WHAT_IT_WAITED_FOR}`;

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
  const address = databaseAddress(settings.url);
  const statementTimeoutMs = settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  return {
    ...login(address, settings.token ?? amazonToken),
    ...(address.tls === undefined ? {} : { ssl: tlsOptions(address.tls) }),
    application_name: settings.applicationName,
    options:
      settings.refusesRowSecurity === true ? `${SESSION_OPTIONS} -c row_security=off` : SESSION_OPTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    ...(statementTimeoutMs === 0 ? {} : { query_timeout: statementTimeoutMs + ANSWER_GRACE_MS }),
    keepAlive: true,
    types,
  };
}

/** A token is asked for at each login; what the URL says itself would win over it. */
function login(address: DatabaseAddress, token: TokenSource): pg.ClientConfig {
  if (!address.usesIam) return { connectionString: address.url };
  const { host, port, user, url } = address;
  const database = decodeURIComponent(new URL(url).pathname.slice(1));
  return { host, port, user, database, password: () => token(address) };
}

/** What another client logs in with now; of a token, one that is new. */
export async function passwordOf(url: string, token: TokenSource = amazonToken): Promise<string> {
  const address = databaseAddress(url);
  return address.usesIam ? await token(address) : decodeURIComponent(new URL(url).password);
}

/** Only whoever uses it loads Amazon's client. */
const amazonToken: TokenSource = async (address) =>
  await (await import('../aws/database-token.ts')).databaseToken(address);

/** One connection; `end()` it. */
export async function connectDatabase(settings: DatabaseSettings): Promise<DatabaseClient> {
  try {
    return await connectOnce(settings);
  } catch (error) {
    // A token may run out between its making and its use, and the next one is another: once more, then it is the set-up.
    if (!databaseAddress(settings.url).usesIam || !isLoginRefused(error))
      throw unreachable(settings.url, error);
  }
  try {
    return await connectOnce(settings);
  } catch (error) {
    throw unreachable(settings.url, error);
  }
}

async function connectOnce(settings: DatabaseSettings): Promise<DatabaseClient> {
  const client = new BoundedClient(clientConfig(settings));
  // A connection that breaks between two statements must not end the process: the next statement reports it.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

const LOGIN_REFUSED = new Set(['28000', '28P01']);
const isLoginRefused = (error: unknown): boolean => LOGIN_REFUSED.has(sqlState(error) ?? '');

/**
 * Whoever says in Kafka that something is written must not lose it in a crash of the server. What waits for standbys, too, is
 * left as it stands.
 */
const COMMIT_DURABLY = `select set_config('synchronous_commit', 'local', false)
  where current_setting('synchronous_commit') = 'off'`;

/** A pool; `end()` it. Connects on first use. */
export function createPool(settings: DatabaseSettings & { readonly connectionsMax: number }): DatabasePool {
  const pool = new BoundedPool({
    ...clientConfig(settings),
    max: settings.connectionsMax,
    onConnect: async (client) => {
      await client.query(COMMIT_DURABLY);
    },
  });
  pool.on('error', () => {});
  // While a connection is lent out the pool does not listen: one that breaks between two statements would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

const READ_ONLY = '25006';

/** Runs `work` in one transaction on one connection of the pool. */
export async function inTransaction<T>(
  pool: DatabasePool,
  work: (client: DatabaseConnection) => Promise<T>,
): Promise<T> {
  return await onConnection(pool, async (client) => {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  });
}

/** Runs `work` on one connection of the pool. A transaction that it began and did not end is rolled back when it fails. */
export async function onConnection<T>(
  pool: DatabasePool,
  work: (client: DatabaseConnection) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    // The address may lead to the node that writes by now; this connection never will.
    if (error instanceof pg.DatabaseError && error.code === READ_ONLY) broken = error;
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

/** Why there is no connection: refused by the server, which no waiting mends, or not reached. */
export function unreachable(url: string, cause: unknown): unknown {
  if (cause instanceof AfterglowError) return cause;
  const state = sqlState(cause);
  const name = cause instanceof Error ? cause.name : 'unknown';
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : (state ?? name);
  const place = describeDatabase(url);
  if (state !== undefined && isRefused(state)) {
    return new AfterglowError('database_login_refused', `${place} refuses the login (${code}).`, { cause });
  }
  if (isCertificateError(cause)) {
    return new AfterglowError(
      'database_certificate_refused',
      `${place} has a certificate that is not accepted (${code}).`,
      {
        cause,
      },
    );
  }
  return new AfterglowError('database_unreachable', `No connection to ${place} (${code}).`, { cause });
}

/** What the server answers instead of a result. */
export const { DatabaseError } = pg;

/** The five characters PostgreSQL classifies an error with. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

export const quoteIdentifier = (name: string): string => pg.escapeIdentifier(name);
export const quoteLiteral = (text: string): string => pg.escapeLiteral(text);
