import { readFile } from 'node:fs/promises';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { applyInit } from '../../services/cli/init/apply.ts';
import { type MetricSample, parseMetrics } from '../../services/cli/view/metrics-text.ts';
import { NEEDED as ENRICHER_NEEDS, run as runEnricher } from '../../services/enricher/main.ts';
import { NEEDED as READER_NEEDS, run as runReader } from '../../services/reader/main.ts';
import { run as runWriter, NEEDED as WRITER_NEEDS } from '../../services/writer/main.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createTelemetry, type Telemetry } from '../../shared/telemetry/http.ts';
import { createLogger, type LogLevel } from '../../shared/telemetry/logger.ts';
import { brokers, createDatabase, type TestDatabase, uniquePipelineName } from './stack.ts';
import { until } from './wait.ts';

const SEED = 1;
/** AFTERGLOW_TEST_LOG=debug shows what the services of a failing test say. */
const LOG_LEVEL = (process.env.AFTERGLOW_TEST_LOG ?? 'silent') as LogLevel;
const READY_MAX_MS = 120_000;
const SCHEMA = 'services/cli/demo/schema.sql';

/** `enricher` alone is that of `fraud`. */
export type ServiceName = 'reader' | 'enricher' | `enricher ${string}` | 'writer';

/** A database with the demo tables, set up for the shipped definition under a name of its own; services start on demand. */
export interface TestPipeline extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly definition: Definition;
  readonly client: DatabaseClient;
  readonly awsLocal: AwsLocal;
  /** What a service process needs in its environment to be part of this pipeline. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs the services in this process. */
  start(...services: readonly ServiceName[]): RunningServices;
  /** The same with another definition of this pipeline. */
  startAs(definition: Definition, ...services: readonly ServiceName[]): RunningServices;
}

export interface RunningServices extends AsyncDisposable {
  /** Resolves when all of them are ready; rows committed before the reader is are not its business. */
  ready(): Promise<void>;
  /** What all of them say on /metrics. */
  metrics(): Promise<readonly MetricSample[]>;
  /** Rejects with the first error of any of them; resolves when all have ended. */
  readonly ended: Promise<void>;
}

/** `edit` changes the text of the shipped definition before it is read; `tables` takes the place of the demo's. */
export async function createPipeline(
  version: 16 | 18 = 18,
  edit: (text: string) => string = (text) => text,
  tables?: string,
): Promise<TestPipeline> {
  const database = await createDatabase(version);
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  await client.query(tables ?? (await readFile(SCHEMA, 'utf8')));
  const pipeline = uniquePipelineName();
  const text = edit(
    (await readFile('afterglow.yaml', 'utf8')).replace('pipeline: afterglow', `pipeline: ${pipeline}`),
  );
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
  await applyInit(client, admin, { definition });
  await admin.close();
  const awsLocal = await startAwsLocal({ port: 0, seed: SEED });
  const services: RunningServices[] = [];
  const startAs = (own: Definition, ...names: readonly ServiceName[]): RunningServices => {
    const running = startServices(names, {
      definition: own,
      databaseUrl: database.url,
      awsUrl: awsLocal.url,
    });
    services.push(running);
    return running;
  };
  return {
    database,
    definition,
    client,
    awsLocal,
    environment: {
      DATABASE_URL: database.url,
      KAFKA_BROKERS: brokers(),
      AFTERGLOW_AWS_LOCAL_URL: awsLocal.url,
    },
    start: (...names) => startAs(definition, ...names),
    startAs,
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((running) => running[Symbol.asyncDispose]()));
      await awsLocal.close();
      await client.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

interface ServiceParts {
  readonly definition: Definition;
  readonly databaseUrl: string;
  readonly awsUrl: string;
}

function startServices(names: readonly ServiceName[], parts: ServiceParts): RunningServices {
  const stopping = new AbortController();
  const telemetries = names.map((name) => createTelemetry(...neededBy(name)));
  const ended = Promise.all(
    names.map((name, index) => runOne(name, parts, telemetries[index] ?? createTelemetry(), stopping.signal)),
  ).then(() => {});
  // Seen by whoever awaits it; a test that does not still fails on what is missing.
  ended.catch(() => {});
  return {
    ended,
    metrics: async () =>
      parseMetrics((await Promise.all(telemetries.map(({ registry }) => registry.metrics()))).join('\n')),
    async ready() {
      const missing = () => telemetries.flatMap(({ readiness }) => Object.entries(readiness.missing));
      await Promise.race([
        until(() => missing().length === 0, {
          deadlineMs: READY_MAX_MS,
          what: `${names.join(', ')} to be ready`,
        }),
        ended,
      ]);
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

function neededBy(name: ServiceName): readonly string[] {
  if (name === 'reader') return READER_NEEDS;
  return name === 'writer' ? WRITER_NEEDS : ENRICHER_NEEDS;
}

async function runOne(
  name: ServiceName,
  { definition, databaseUrl, awsUrl }: ServiceParts,
  telemetry: Telemetry,
  signal: AbortSignal,
) {
  const settings: ServiceSettings = {
    definition,
    databaseUrl,
    brokers: [brokers()],
    logger: createLogger(name, LOG_LEVEL),
    telemetry,
  };
  if (name === 'reader') return await runReader(settings, signal);
  if (name === 'writer') return await runWriter(settings, signal);
  const aws = { mode: 'local', endpoint: awsUrl } as const;
  const [, enrichment = 'fraud'] = name.split(' ');
  return await runEnricher({ ...settings, enrichment, aws }, signal);
}
