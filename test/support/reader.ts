// A reader in this process that may just as well stand still as stream, and the database it reads.
import { applyInit } from '../../services/cli/init/apply.ts';
import { NEEDED, run } from '../../services/reader/main.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger, type LogLevel } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from './stack.ts';
import { until } from './wait.ts';

const DEADLINE_MS = 120_000;
const LOG_LEVEL = (process.env.AFTERGLOW_TEST_LOG ?? 'silent') as LogLevel;

export interface Captured extends AsyncDisposable {
  readonly url: string;
  readonly client: DatabaseClient;
  readonly definition: Definition;
  readonly pipeline: string;
  /** Does not wait for anything. */
  start(): TestReader;
  /** Runs init again, as somebody does who mends a publication. */
  init(): Promise<void>;
  /** As soon as nobody reads it any more. */
  dropSlot(): Promise<void>;
  /** Resolves when the slot has passed everything that is committed now. */
  caughtUp(): Promise<void>;
}

export interface TestReader extends AsyncDisposable {
  readonly ended: Promise<void>;
  /** As /metrics answers. */
  metrics(): Promise<string>;
  streams(): Promise<void>;
  /** Resolves with what readiness says as soon as that matches. */
  standsStill(pattern: RegExp): Promise<string>;
}

/** `sql` makes the tables, each of which becomes a source of its own name. */
export async function capture(
  url: string,
  sql: string,
  tables: readonly string[],
  pipeline = uniquePipelineName(),
  /** Of the definition, as YAML: only what somebody enriches is loaded at first. */
  enrichments = '',
): Promise<Captured> {
  const client = await connectDatabase({ url, applicationName: 'test' });
  await client.query(sql);
  const sources = tables.map((table) => `  ${table}: { table: public.${table}, partitions: 2 }`);
  const text = `version: 1\npipeline: ${pipeline}\nsources:\n${sources.join('\n')}\n${enrichments}`;
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const readers: TestReader[] = [];
  const init = async (): Promise<void> => {
    const logger = createLogger('test', 'silent');
    const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
    await applyInit(client, admin, { definition });
    await admin.close();
  };
  await init();
  return {
    url,
    client,
    definition,
    pipeline,
    init,
    start() {
      const reader = startReader(definition, url);
      readers.push(reader);
      return reader;
    },
    async dropSlot() {
      const free = 'select from pg_replication_slots where slot_name = $1 and not active';
      await until(async () => (await client.query(free, [pipeline])).rowCount === 1, {
        deadlineMs: DEADLINE_MS,
        what: 'the slot to be free',
      });
      await client.query('select pg_drop_replication_slot($1)', [pipeline]);
    },
    async caughtUp() {
      const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
      const passed = 'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2';
      await until(async () => (await client.query(passed, [pipeline, rows[0]?.lsn])).rowCount === 1, {
        deadlineMs: DEADLINE_MS,
        what: 'the slot to pass everything that is committed',
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()));
      await client.end();
    },
  };
}

export function startReader(definition: Definition, databaseUrl: string): TestReader {
  const stopping = new AbortController();
  const telemetry = createTelemetry(...NEEDED);
  const logger = createLogger('reader', LOG_LEVEL);
  const ended = run({ definition, databaseUrl, brokers: [brokers()], logger, telemetry }, stopping.signal);
  ended.catch(() => {});
  const saying = (): string => Object.values(telemetry.readiness.missing).join('; ');
  const race = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    const failed = ended.then(() => {
      throw new Error('the reader ended');
    });
    return await Promise.race([answer, failed]);
  };
  return {
    ended,
    metrics: () => telemetry.registry.metrics(),
    streams: async () => {
      const isReady = (): boolean => saying() === '';
      await race(until(isReady, { deadlineMs: DEADLINE_MS, what: `the reader to stream, not: ${saying()}` }));
    },
    standsStill: async (pattern) => {
      const matching = (): string | false => pattern.test(saying()) && saying();
      return await race(until(matching, { deadlineMs: DEADLINE_MS, what: `readiness to say ${pattern}` }));
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended.catch(() => {});
    },
  };
}
