// Side tables whose outcomes a test publishes itself, so that it can say which, when and in what order; writers write them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { applyInit } from '../../services/cli/init/apply.ts';
import { NEEDED, run as runWriter } from '../../services/writer/main.ts';
import type { WriterSettings } from '../../services/writer/session.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createTelemetry, type Readiness } from '../../shared/telemetry/http.ts';
import { createLogger, type LogLevel } from '../../shared/telemetry/logger.ts';
import { startChild, type TestChild } from './child.ts';
import { projectFolder } from './project-folder.ts';
import { brokers, createDatabase, type TestDatabase, uniquePipelineName } from './stack.ts';
import { until } from './wait.ts';

const PARTITIONS = 3;
const READY_MAX_MS = 120_000;
const LOG_LEVEL = (process.env.AFTERGLOW_TEST_LOG ?? 'silent') as LogLevel;
const TABLE =
  'create table payments (id bigint primary key, amount float8 not null default 1, note text not null default $$ $$)';

const FRAUD = `  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }
    input: [amount]
    output: { score: float }
    flag: score >= 0.9
`;
export const EMBEDDING = `  embedding:
    from: payments
    model: { kind: titan-embedding, dimensions: 256 }
    input: [note]
`;

/** Two enrichments of one source. */
export const BOTH = `${FRAUD}${EMBEDDING}`;

export interface RunningWriter extends AsyncDisposable {
  readonly readiness: Readiness;
  readonly registry: Registry;
  /** Rejects with the error that ended it. */
  readonly ended: Promise<void>;
}

export interface TestWriting extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly client: DatabaseClient;
  readonly definition: Definition;
  /** What `enrichments` would be with another definition of the same pipeline. */
  redefined(enrichments: string): Definition;
  /** On the topic of their enrichment, in this order; null: a tombstone of `key`. */
  publish(events: readonly AnyEnrichedEvent[], enrichment?: string): Promise<void>;
  bury(ids: readonly string[], enrichment?: string): Promise<void>;
  /** In this process. */
  start(
    changes?: Partial<Pick<WriterSettings, 'databaseUrl' | 'definition' | 'notifiesFlagged'>>,
  ): RunningWriter;
  startProcess(): Promise<TestChild>;
  /** Waits until the group has committed everything that is on the topics. */
  caughtUp(deadlineMs?: number): Promise<void>;
  /** Set-up once more. */
  init(): Promise<void>;
  /** Rows that the group has still to commit. */
  lag(): Promise<number>;
}

function parse(
  pipeline: string,
  enrichments: string,
): { readonly text: string; readonly definition: Definition } {
  const text = `version: 1
pipeline: ${pipeline}
sources:
  payments: { table: public.payments, partitions: ${PARTITIONS} }
enrichments:
${enrichments}`;
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  return { text, definition };
}

/** `table`: SQL that makes payments, with a key `id`. */
export async function createWriting(enrichments = FRAUD, table = TABLE): Promise<TestWriting> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await createDatabase());
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  cleanup.defer(() => client.end());
  await client.query(`create extension if not exists vector schema public; ${table}`);
  const pipeline = uniquePipelineName();
  const { text, definition } = parse(pipeline, enrichments);
  const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const admin = await connectKafkaAdmin(kafka);
  cleanup.defer(() => admin.close());
  const init = async (): Promise<void> => {
    await applyInit(client, admin, { definition });
  };
  await init();
  const folder = cleanup.use(projectFolder());
  writeFileSync(join(folder.path, 'afterglow.yaml'), text);
  const producer = cleanup.use(await connectProducer(kafka));
  const lag = async (): Promise<number> => {
    const topics = Object.keys(definition.enrichments).map((name) => enrichedTopic(pipeline, name));
    const lags = await admin.lag(writerGroup(pipeline), topics);
    return lags.reduce((sum, { low, high, committed }) => sum + Number(high - (committed ?? low)), 0);
  };
  const disposal = cleanup.move();
  return {
    database,
    client,
    definition,
    redefined: (others) => parse(pipeline, others).definition,
    publish: async (events, enrichment = 'fraud') => {
      const topic = enrichedTopic(pipeline, enrichment);
      await producer.send(
        events.flatMap((event) => {
          const value = JSON.stringify({ ...event, enrichment });
          if (event.status !== 'truncated') {
            const key = JSON.stringify(event.key);
            return [{ topic, partition: partitionOf(key, PARTITIONS), key, value }];
          }
          return Array.from({ length: PARTITIONS }, (_, partition) => ({
            topic,
            partition,
            key: '{}',
            value,
          }));
        }),
      );
    },
    bury: async (ids, enrichment = 'fraud') => {
      const topic = enrichedTopic(pipeline, enrichment);
      await producer.send(
        ids.map((id) => {
          const key = JSON.stringify({ id });
          return { topic, partition: partitionOf(key, PARTITIONS), key, value: null };
        }),
      );
    },
    start: (changes = {}) => disposal.use(startHere({ definition, databaseUrl: database.url, ...changes })),
    startProcess: async () =>
      disposal.use(
        await startChild(
          'services/cli/main.ts',
          ['--config', join(folder.path, 'afterglow.yaml'), 'writer'],
          {
            environment: {
              DATABASE_URL: database.url,
              KAFKA_BROKERS: brokers(),
              AFTERGLOW_HTTP_PORT: '0',
              NO_COLOR: '1',
            },
          },
        ),
      ),
    lag,
    init,
    caughtUp: async (deadlineMs = READY_MAX_MS) => {
      await until(async () => (await lag()) === 0, {
        deadlineMs,
        everyMs: 200,
        what: 'the writer to have committed everything',
      });
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

function startHere(
  own: Pick<WriterSettings, 'databaseUrl' | 'definition' | 'notifiesFlagged'>,
): RunningWriter {
  const stopping = new AbortController();
  const telemetry = createTelemetry(...NEEDED);
  const ended = runWriter(
    { ...own, brokers: [brokers()], logger: createLogger('writer', LOG_LEVEL), telemetry },
    stopping.signal,
  );
  ended.catch(() => {});
  return {
    readiness: telemetry.readiness,
    registry: telemetry.registry,
    ended,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      // Whoever expects it to fail awaits `ended`.
      await ended.catch(() => {});
    },
  };
}
