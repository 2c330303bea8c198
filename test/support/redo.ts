// A database with one table of the test's own, captured by a reader, and a consumer in the place of its enricher.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { applyInit } from '../../services/cli/init/apply.ts';
import { NEEDED, run as runReader } from '../../services/reader/main.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { cdcTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectConsumer } from '../../shared/kafka/consumer.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { type NewRedoJob, type RedoJob, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { startChild, type TestChild } from './child.ts';
import { projectFolder } from './project-folder.ts';
import { brokers, createDatabase, type TestDatabase, uniquePipelineName } from './stack.ts';
import { readEvents, type TopicEvent } from './topic.ts';
import { until } from './wait.ts';

const READY_MAX_MS = 120_000;
const JOB_MAX_MS = 120_000;

/** Every kind of key column that needs care, and values that are stored out of line. */
export const NOTES = `
  create type shelf as enum ('zoo', 'art', 'law');
  create table notes (shelf shelf, code uuid, title text, rating integer not null default 0, body text not null,
    primary key (shelf, code, title));
  alter table notes alter column body set storage external;`;

export interface RedoSetting extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly definition: Definition;
  readonly client: DatabaseClient;
  /** What a job for all of `notes` needs; addressed to nobody, it is not paced. */
  readonly job: NewRedoJob;
  /** What readers in this process have logged. */
  readonly log: readonly string[];
  /** Starts a reader in this process and waits until it streams. */
  read(): Promise<AsyncDisposable>;
  /** Runs a command of ours as a process of its own. */
  afterglow(...programArguments: readonly string[]): Promise<TestChild>;
  /** What such a command says until it ends. */
  print(...programArguments: readonly string[]): Promise<string>;
  /** Finishes every record in the name of the enrichment, about so many in a second. */
  consume(enrichment: string, rowsPerSecond: number): Promise<AsyncDisposable>;
  jobIn(state: RedoJob['state'], job: string): Promise<RedoJob>;
  /** Everything that is committed now, as it stands in the topic. */
  events(): Promise<readonly TopicEvent[]>;
}

export async function createRedoSetting(tables = NOTES, version: 16 | 18 = 18): Promise<RedoSetting> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await createDatabase(version));
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  cleanup.defer(() => client.end());
  await client.query(tables);
  const text = definitionText(uniquePipelineName());
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
  await applyInit(client, admin, { definition });
  await admin.close();
  const { pipeline } = definition;
  const log: string[] = [];
  const topic = cdcTopic(pipeline, 'public', 'notes');
  const disposal = cleanup.move();
  return {
    database,
    definition,
    client,
    log,
    job: { schema: 'public', table: 'notes', reason: 'backfill', enrichments: [] },
    read: async () => disposal.use(await startReader(definition, database.url, log)),
    afterglow: async (...programArguments) => await startProcess(programArguments, text, database.url),
    async print(...programArguments) {
      await using child = await startProcess(programArguments, text, database.url);
      await child.ended;
      return child.output;
    },
    consume: async (enrichment, rowsPerSecond) =>
      disposal.use(await consume(enricherGroup(pipeline, enrichment), topic, rowsPerSecond)),
    jobIn: async (state, job) =>
      await until(async () => inState(await readRedoJob(client, job), state), {
        deadlineMs: JOB_MAX_MS,
        what: `job ${job} to be ${state}`,
      }),
    async events() {
      await passed(client, pipeline);
      return await readEvents(topic);
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

const definitionText = (pipeline: string): string =>
  `
version: 1
pipeline: ${pipeline}
sources:
  notes: { table: public.notes, partitions: 3 }
enrichments:
  first:
    from: notes
    model: { kind: sagemaker, endpoint: first, version: "1" }
    input: [rating]
    output: { score: float }
  second:
    from: notes
    model: { kind: sagemaker, endpoint: second, version: "1" }
    input: [rating]
    output: { score: float }
`;

function inState(job: RedoJob | undefined, state: RedoJob['state']): RedoJob | undefined {
  if (job?.state === 'failed' && state !== 'failed') throw new Error(`the job failed: ${job.failure}`);
  return job?.state === state ? job : undefined;
}

async function startReader(
  definition: Definition,
  databaseUrl: string,
  log: string[],
): Promise<AsyncDisposable> {
  const stopping = new AbortController();
  const telemetry = createTelemetry(...NEEDED);
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(line) });
  const settings = { definition, databaseUrl, brokers: [brokers()], logger, telemetry };
  const ended = runReader(settings, stopping.signal);
  ended.catch(() => {});
  const isReady = (): boolean => Object.keys(telemetry.readiness.missing).length === 0;
  await Promise.race([until(isReady, { deadlineMs: READY_MAX_MS, what: 'the reader to stream' }), ended]);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

async function startProcess(
  programArguments: readonly string[],
  definition: string,
  databaseUrl: string,
): Promise<TestChild> {
  const folder = projectFolder();
  writeFileSync(join(folder.path, 'afterglow.yaml'), definition);
  return await startChild(resolve('services/cli/afterglow.js'), programArguments, {
    folder: folder.path,
    environment: { DATABASE_URL: databaseUrl, KAFKA_BROKERS: brokers(), NO_COLOR: '1' },
  });
}

const TICKS_PER_SECOND = 20;

/** In the place of an enricher: takes so many rows a second. */
export async function consume(group: string, topic: string, rowsPerSecond: number): Promise<AsyncDisposable> {
  const stopping = new AbortController();
  const rowsMax = Math.max(1, Math.round(rowsPerSecond / TICKS_PER_SECOND));
  const consuming = (async () => {
    // A broker that is busy with other tests may not know the group's coordinator yet.
    while (!stopping.signal.aborted) await member(group, topic, rowsMax, stopping.signal).catch(() => {});
  })();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await consuming;
    },
  };
}

async function member(group: string, topic: string, rowsMax: number, signal: AbortSignal): Promise<void> {
  const logger = createLogger('test', 'silent');
  await using consumer = await connectConsumer(
    { brokers: [brokers()], clientId: 'test', logger },
    { group, topics: [topic], window: { rowsMax: 5_000, bytesMax: 16 * 1_048_576 } },
  );
  const stop = (): void => consumer.queue.close();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  do {
    const records = await consumer.queue.take({ rowsMax, bytesMax: 16 * 1_048_576, waitMaxMs: 0 });
    if (records.length === 0) return;
    consumer.finish(records);
  } while (await pause(1_000 / TICKS_PER_SECOND, signal));
}

async function passed(client: DatabaseClient, slot: string): Promise<void> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  const isPassed = async (): Promise<boolean> =>
    (
      await client.query(
        'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2',
        [slot, rows[0]?.lsn],
      )
    ).rowCount === 1;
  await until(isPassed, { deadlineMs: JOB_MAX_MS, what: 'the slot to pass what is committed' });
}
