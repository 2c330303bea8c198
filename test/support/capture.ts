import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyInit } from '../../services/cli/init/apply.ts';
import { NEEDED, run as runReader } from '../../services/reader/main.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { cdcTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger, type LogLevel } from '../../shared/telemetry/logger.ts';
import { brokers, createDatabase, type TestDatabase, uniquePipelineName } from './stack.ts';
import { readEvents, type TopicEvent } from './topic.ts';
import { until } from './wait.ts';

const READY_MAX_MS = 120_000;
const CAUGHT_UP_MAX_MS = 120_000;
const LOG_LEVEL = (process.env.AFTERGLOW_TEST_LOG ?? 'silent') as LogLevel;

/** A database with tables of the test's own, captured by a reader in this process. */
export interface TestCapture extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly definition: Definition;
  readonly client: DatabaseClient;
  /** Command line and environment of a reader process for it. */
  readonly process: {
    readonly arguments: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
  };
  /** Starts the reader and waits until it streams. */
  start(): Promise<RunningReader>;
  /** Every event of each table, once the slot has passed everything that is committed now. */
  events(...tables: readonly string[]): Promise<readonly TopicEvent[]>;
  topic(table: string): string;
  /** Resolves when everything committed up to now is acknowledged. */
  caughtUp(deadlineMs?: number): Promise<void>;
}

export interface RunningReader extends AsyncDisposable {
  /** Rejects with the error that ended it. */
  readonly ended: Promise<void>;
}

/** `sql` makes the tables; each of `tables` ('public.t', or '{ table: public.t, exclude: [x] }') becomes a source. */
export async function createCapture(
  sql: string,
  tables: Readonly<Record<string, string>>,
  version: 16 | 18 = 18,
  /** A Kafka of the test's own, where that of all tests must not be harmed. */
  address = brokers(),
  /** Of the definition, as YAML: only what somebody enriches is loaded at first. */
  enrichments = '',
): Promise<TestCapture> {
  const database = await createDatabase(version);
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  await client.query(sql);
  const sources = Object.entries(tables).map(
    ([name, source]) => `  ${name}: ${source.startsWith('{') ? source : `{ table: ${source} }`}`,
  );
  const text = `version: 1\npipeline: ${uniquePipelineName()}\nsources:\n${sources.join('\n')}\n${enrichments}`;
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers: [address], clientId: 'test', logger });
  await applyInit(client, admin, { definition });
  await admin.close();
  const running: RunningReader[] = [];
  const caughtUp = async (deadlineMs = CAUGHT_UP_MAX_MS): Promise<void> => {
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    const passed = until(() => slotPassed(client, definition.pipeline, rows[0]?.lsn ?? ''), {
      deadlineMs,
      what: 'the slot to pass everything that is committed',
    });
    // A reader that ended by an error never gets there: its error is what the test should show.
    const failed = running.map(({ ended }) => ended.then(() => passed));
    await Promise.race([passed, ...failed]);
  };
  const folder = await mkdtemp(join(tmpdir(), 'afterglow-capture-'));
  const definitionFile = join(folder, 'afterglow.yaml');
  await writeFile(definitionFile, text);
  const topic = (table: string): string => cdcTopic(definition.pipeline, 'public', table);
  return {
    database,
    definition,
    client,
    process: {
      arguments: ['reader', '--config', definitionFile],
      environment: { DATABASE_URL: database.url, KAFKA_BROKERS: address },
    },
    topic,
    caughtUp,
    async start() {
      const reader = await startReader(definition, database.url, address);
      running.push(reader);
      return reader;
    },
    async events(...names) {
      await caughtUp();
      return (await Promise.all(names.map((name) => readEvents(topic(name), address)))).flat();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((reader) => reader[Symbol.asyncDispose]()));
      await client.end();
      await rm(folder, { recursive: true });
      await database[Symbol.asyncDispose]();
    },
  };
}

async function startReader(
  definition: Definition,
  databaseUrl: string,
  address: string,
): Promise<RunningReader> {
  const stopping = new AbortController();
  const telemetry = createTelemetry(...NEEDED);
  const logger = createLogger('reader', LOG_LEVEL);
  const ended = runReader(
    { definition, databaseUrl, brokers: [address], logger, telemetry },
    stopping.signal,
  );
  ended.catch(() => {});
  const isReady = (): boolean => Object.keys(telemetry.readiness.missing).length === 0;
  await Promise.race([until(isReady, { deadlineMs: READY_MAX_MS, what: 'the reader to stream' }), ended]);
  return {
    ended,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended.catch(() => {});
    },
  };
}

async function slotPassed(client: DatabaseClient, slot: string, lsn: string): Promise<boolean> {
  const { rows } = await client.query(
    'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2',
    [slot, lsn],
  );
  return rows.length > 0;
}
