import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { applyInit } from '../../../services/cli/init/apply.ts';
import { ownProgram, servicePlans } from '../../../services/cli/up/service-plans.ts';
import { type MetricSample, parseMetrics } from '../../../services/cli/view/metrics-text.ts';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { cdcTopic, enrichedTopic } from '../../../shared/contracts/topics.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { REDO_JOBS } from '../../../shared/side-tables/names.ts';
import { until } from '../../support/wait.ts';
import { type MeasuredProcess, startMeasured } from '../reader/measured-process.ts';
import { type Parts, REPOSITORY } from '../reader/parts.ts';
import { prepareLoad } from './load.ts';

const DEFINITION = new URL('afterglow.yaml', import.meta.url);
const SCHEMA = join(REPOSITORY, 'services/cli/demo/schema.sql');
const READY_MAX_MS = 120_000;
/** When the broker took a record, instead of when its sender made it: where one hop ends and the next begins. */
const STAMPED_BY_BROKER = { 'message.timestamp.type': 'LogAppendTime' };

export type ServiceName =
  | 'reader'
  | 'enricher fraud'
  | 'enricher sentiment'
  | 'enricher embedding'
  | 'writer';

export interface MeasuredService extends MeasuredProcess {
  /** What it says of itself. */
  metrics(): Promise<readonly MetricSample[]>;
}

/** The demo's tables in a database of their own, set up for the bench's definition; services start on demand. */
export interface Setting extends AsyncDisposable {
  readonly databaseUrl: string;
  readonly client: DatabaseClient;
  /** Of the change events of purchases, and of their outcomes. */
  readonly topics: { readonly published: string; readonly enriched: string };
  /** Those that run, by a name for metrics: `enricher_fraud`. */
  readonly services: ReadonlyMap<string, MeasuredService>;
  /** As `npm start` runs them, each in a process of its own; resolves when all of them are ready. */
  start(names: readonly ServiceName[], awsUrl: string, profileFolder?: string): Promise<void>;
  stop(): Promise<void>;
}

let settings = 0;

export async function createSetting(parts: Parts): Promise<Setting> {
  const pipeline = `pipeline_${process.pid}_${settings++}`;
  const server = await connectDatabase({ url: parts.databaseUrl, applicationName: 'bench' });
  await server.query(`create database ${pipeline}`);
  await server.end();
  const url = new URL(parts.databaseUrl);
  url.pathname = `/${pipeline}`;
  const text = (await readFile(DEFINITION, 'utf8')).replace('pipeline: bench', `pipeline: ${pipeline}`);
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const client = await connectDatabase({ url: url.href, applicationName: 'bench', statementTimeoutMs: 0 });
  await client.query(await readFile(SCHEMA, 'utf8'));
  await prepareLoad(client);
  await applyInit(client, parts.kafka, { definition });
  const topics = {
    published: cdcTopic(pipeline, 'public', 'transactions'),
    enriched: enrichedTopic(pipeline, 'fraud'),
  };
  await parts.kafka.alterTopics(
    Object.values(topics).map((topic) => ({ topic, settings: STAMPED_BY_BROKER })),
  );
  const file = join(parts.folder, `${pipeline}.yaml`);
  await writeFile(file, text);
  const services = new Map<string, MeasuredService>();
  let starts = 0;
  const stop = async (): Promise<void> => {
    const running = [...services.values()];
    services.clear();
    await Promise.all(running.map((service) => service.stop()));
  };
  return {
    databaseUrl: url.href,
    client,
    topics,
    services,
    start: async (names, awsUrl, profileFolder) => {
      const [program = process.execPath, ...programArguments] = ownProgram();
      const profile =
        profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profileFolder)];
      const plans = servicePlans({
        definition,
        definitionFile: file,
        definitionText: text,
        projectFolder: REPOSITORY,
        logFolder: parts.folder,
        logLevel: 'info',
        shell: process.env,
        databaseUrls: { reader: url.href, enricher: url.href, writer: url.href },
        brokers: [parts.brokers],
        awsEnvironment: { AFTERGLOW_AWS_LOCAL_URL: awsUrl },
      }).filter(({ name }) => (names as readonly string[]).includes(name));
      const started = plans.map(async (plan) => {
        const name = `${pipeline}-${plan.name.replace(' ', '-')}-${starts++}`;
        const service = await startMeasured({
          folder: parts.folder,
          name,
          program,
          programArguments: [
            ...profile,
            ...(plan.nodeArguments ?? []),
            ...programArguments,
            ...plan.programArguments,
          ],
          environment: plan.environment,
        });
        let port: string | undefined;
        // Its properties are read as they are at the time.
        const measured = Object.assign(Object.create(service) as MeasuredProcess, {
          metrics: async () => parseMetrics(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
        });
        services.set(plan.name.replace(' ', '_'), measured);
        port = await isReady(service, plan.name, join(parts.folder, name, 'output.log'));
      });
      await Promise.all(started);
      if (names.includes('reader')) await firstLoadEnded(client);
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await dropSlot(client);
      await client.end();
    },
  };
}

/** Returns the port of its metrics. */
async function isReady(service: MeasuredProcess, name: string, log: string): Promise<string> {
  const answers = async (): Promise<string | undefined> => {
    if (service.end !== undefined) throw new Error(`the ${name} ${service.end}: ${service.gist()}`);
    const port = /"port":(\d+)/.exec(await readFile(log, 'utf8'))?.[1];
    if (port === undefined) return undefined;
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok ? port : undefined;
  };
  return await until(answers, { deadlineMs: READY_MAX_MS, what: `the ${name} to be ready` });
}

/** Rows that come before may be read twice. */
async function firstLoadEnded(client: DatabaseClient): Promise<void> {
  const isOver = async (): Promise<boolean> =>
    (await client.query(`select from ${REDO_JOBS} where state <> 'done'`)).rowCount === 0;
  await until(isOver, { deadlineMs: READY_MAX_MS, what: 'the first load to end' });
}

/** One that nobody reads would keep the log of whatever is measured next. */
async function dropSlot(client: DatabaseClient): Promise<void> {
  const free =
    'select slot_name from pg_replication_slots where database = current_database() and not active';
  const isGone = async (): Promise<boolean> => {
    await client.query(`select pg_drop_replication_slot(slot_name) from (${free}) as slots`);
    return (
      (await client.query('select from pg_replication_slots where database = current_database()'))
        .rowCount === 0
    );
  };
  await until(isGone, { deadlineMs: READY_MAX_MS, what: 'the slot to be dropped' });
}
