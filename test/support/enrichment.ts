// Payments whose changes a test publishes itself, so that it can say which, when and in what order; enrichers read them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AwsLocal, type AwsLocalSettings, startAwsLocal } from '../../services/aws-local/main.ts';
import { applyInit } from '../../services/cli/init/apply.ts';
import { NEEDED, run as runEnricher } from '../../services/enricher/main.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import type { ChangeEvent, EnrichedEvent, Row } from '../../shared/contracts/events.ts';
import { cdcTopic, deadTopic, enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import { connectProducer, type TopicRecord } from '../../shared/kafka/producer.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createTelemetry, type Telemetry } from '../../shared/telemetry/http.ts';
import { createLogger, type LogLevel } from '../../shared/telemetry/logger.ts';
import type { ValkeyAddress } from '../../shared/valkey/address.ts';
import { startChild, type TestChild } from './child.ts';
import { projectFolder } from './project-folder.ts';
import { brokers, createDatabase, uniquePipelineName } from './stack.ts';
import { readTopic, topicSize } from './topic.ts';
import { until } from './wait.ts';

const PARTITIONS = 3;
const READY_MAX_MS = 120_000;
const LOG_LEVEL = (process.env.AFTERGLOW_TEST_LOG ?? 'silent') as LogLevel;
const TABLE =
  'create table payments (id bigint primary key, amount float8 not null, place text not null, note text)';

const definitionText = (pipeline: string, enrichments: string, partitions: number): string => `version: 1
pipeline: ${pipeline}
sources:
  payments: { table: public.payments, partitions: ${partitions} }
enrichments:
${enrichments}`;

/** An enrichment of payments by a stand-in endpoint; the row's amount is the model's first column. */
export const fraud = (name = 'fraud', batchRows = 10): string => `  ${name}:
    from: payments
    model: { kind: sagemaker, endpoint: ${name.replaceAll('_', '-')}-xgboost, version: "1", batch: { rows: ${batchRows}, wait: 10ms } }
    input:
      - amount
      - attempts: "1"
      - present: "1"
      - hour: "12"
      - distance: "-1"
      - place: code(place, ["shop", "web"])
    output: { score: float }
`;

/** Of the row's note: first its language is asked for, then its sentiment; both are paid. */
export const sentiment = (name = 'sentiment', batchRows = 5): string => `  ${name}:
    from: payments
    model: { kind: comprehend, language: { fallback: en }, batch: { rows: ${batchRows}, wait: 10ms }, rate: 1000/s }
    input: [note]
`;

export const embedding = (name = 'embedding'): string => `  ${name}:
    from: payments
    model: { kind: titan-embedding, dimensions: 256, rate: 1000/s }
    input: [note]
`;

export interface Payment {
  readonly id: number;
  readonly amount?: number;
  readonly place?: string;
  readonly note?: string;
  readonly op?: 'c' | 'u' | 'd';
}

export interface RunningEnricher extends AsyncDisposable, Telemetry {
  /** Rejects with the error that ended it. */
  readonly ended: Promise<void>;
}

export interface TestEnrichment extends AsyncDisposable {
  readonly awsLocal: AwsLocal;
  readonly client: DatabaseClient;
  readonly definition: Definition;
  readonly databaseUrl: string;
  /** Each at a position after all before it. */
  publish(payments: readonly Payment[]): Promise<void>;
  /** Everything on the enriched topic, in order per partition; tombstones left out. */
  outcomes(enrichment?: string): Promise<readonly EnrichedEvent[]>;
  /** Waits until so many keys have an outcome. */
  settled(keys: number, enrichment?: string, deadlineMs?: number): Promise<readonly EnrichedEvent[]>;
  archived(enrichment?: string): Promise<number>;
  /** In this process. */
  start(enrichment?: string): RunningEnricher;
  /** `environment` comes on top of what leads to the parts of the test. */
  startProcess(
    enrichment?: string,
    environment?: Readonly<Record<string, string | undefined>>,
  ): Promise<TestChild>;
}

/** What follows the enrichments in the text, a budget say, follows in the definition. */
export async function createEnrichment(
  enrichments = fraud(),
  {
    partitions = PARTITIONS,
    valkey,
    ...standIn
  }: Pick<AwsLocalSettings, 'functions'> & {
    readonly partitions?: number;
    /** For enrichers in this process. */
    readonly valkey?: ValkeyAddress;
  } = {},
): Promise<TestEnrichment> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await createDatabase());
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  cleanup.defer(() => client.end());
  await client.query(TABLE);
  const pipeline = uniquePipelineName();
  const text = definitionText(pipeline, enrichments, partitions);
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const logger = createLogger('test', 'silent');
  const kafka = { brokers: [brokers()], clientId: 'test', logger };
  const admin = await connectKafkaAdmin(kafka);
  await applyInit(client, admin, { definition });
  await admin.close();
  const folder = cleanup.use(projectFolder());
  writeFileSync(join(folder.path, 'afterglow.yaml'), text);
  const awsLocal = await startAwsLocal({ port: 0, seed: 1, ...standIn });
  cleanup.defer(() => awsLocal.close());
  const producer = cleanup.use(await connectProducer(kafka));
  const topic = cdcTopic(pipeline, 'public', 'payments');
  let position = 0;
  const outcomes = async (enrichment = 'fraud'): Promise<readonly EnrichedEvent[]> =>
    (await readTopic(enrichedTopic(pipeline, enrichment))).flatMap(({ value }) =>
      value === null ? [] : [JSON.parse(String(value)) as EnrichedEvent],
    );
  const disposal = cleanup.move();
  return {
    awsLocal,
    client,
    definition,
    databaseUrl: database.url,
    publish: async (payments) => {
      await producer.send(
        payments.map((payment) => changeRecord({ topic, pipeline, partitions }, payment, position++)),
      );
    },
    outcomes,
    archived: (enrichment = 'fraud') => topicSize(deadTopic(pipeline, enrichment)),
    settled: async (keys, enrichment = 'fraud', deadlineMs = READY_MAX_MS) =>
      await until(
        async () => {
          // A topic that was made a moment ago may have no leader yet.
          const size = await topicSize(enrichedTopic(pipeline, enrichment)).catch(() => 0);
          if (size < keys) return undefined;
          const all = await outcomes(enrichment);
          return new Set(all.map(({ key }) => key.id)).size >= keys ? all : undefined;
        },
        { deadlineMs, everyMs: 300, what: `outcomes of ${keys} rows of ${enrichment}` },
      ),
    start: (enrichment = 'fraud') =>
      disposal.use(startHere(definition, database.url, awsLocal.url, enrichment, valkey)),
    startProcess: async (enrichment = 'fraud', environment = {}) =>
      disposal.use(
        await startChild(
          'services/cli/main.ts',
          ['--config', join(folder.path, 'afterglow.yaml'), 'enricher', enrichment],
          {
            environment: {
              DATABASE_URL: database.url,
              KAFKA_BROKERS: brokers(),
              AFTERGLOW_AWS_LOCAL_URL: awsLocal.url,
              AFTERGLOW_HTTP_PORT: '0',
              NO_COLOR: '1',
              ...environment,
            },
          },
        ),
      ),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

function startHere(
  definition: Definition,
  databaseUrl: string,
  awsUrl: string,
  enrichment: string,
  valkey: ValkeyAddress | undefined,
): RunningEnricher {
  const stopping = new AbortController();
  const telemetry = createTelemetry(...NEEDED);
  const ended = runEnricher(
    {
      definition,
      databaseUrl,
      brokers: [brokers()],
      logger: createLogger(`enricher ${enrichment}`, LOG_LEVEL),
      telemetry,
      enrichment,
      aws: { mode: 'local', endpoint: awsUrl },
      valkey,
    },
    stopping.signal,
  );
  ended.catch(() => {});
  return {
    ...telemetry,
    ended,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

function changeRecord(
  { topic, pipeline, partitions }: { topic: string; pipeline: string; partitions: number },
  payment: Payment,
  position: number,
): TopicRecord {
  const { id, amount = id + 0.5, place = 'shop', note = null, op = 'c' } = payment;
  const key = `{"id":"${id}"}`;
  const row: Row = { id: String(id), amount, place, note };
  const nowMs = Date.now();
  const event: ChangeEvent = {
    before: op === 'd' ? { id: String(id) } : null,
    after: op === 'd' ? null : row,
    op,
    ts_ms: nowMs,
    ts_us: nowMs * 1_000,
    source: {
      connector: 'postgresql',
      version: '0',
      name: pipeline,
      db: 'test',
      schema: 'public',
      table: 'payments',
      snapshot: 'false',
      ts_ms: nowMs,
      ts_us: nowMs * 1_000,
      txId: 700,
      lsn: 1,
      sequence: null,
      schema_version: 1,
      epoch: 1,
      commit_lsn: `00000001/${position.toString(16).toUpperCase().padStart(8, '0')}`,
      event_index: 0,
    },
  };
  return { topic, partition: partitionOf(key, partitions), key, value: JSON.stringify(event) };
}
