import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { applyInit } from '../../../services/cli/init/apply.ts';
import { NODE_ARGUMENTS } from '../../../services/cli/node24.js';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { enrichedTopic, writerGroup } from '../../../shared/contracts/topics.ts';
import { createKafka } from '../../../shared/kafka/connect.ts';
import { connectDatabase } from '../../../shared/postgres/connect.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { until } from '../../support/wait.ts';
import { type MeasuredProcess, startMeasured } from '../reader/measured-process.ts';
import { type Parts, REPOSITORY } from '../reader/parts.ts';
import type { Shape } from './outcomes.ts';

const DEFINITION = new URL('afterglow.yaml', import.meta.url);
const TABLE = 'create table payments (id bigint primary key, amount float8, note text)';

/** A database and topics of its own for every run. */
export interface WriteBench {
  readonly databaseUrl: string;
  topic(shape: Shape): string;
  /** How many outcomes of this shape the writer has committed. */
  committed(shape: Shape): Promise<number>;
  /** The tables are to know no more up to where they are written. */
  forgetWritten(): Promise<void>;
  /** Everything on the topic is to be taken once more. */
  rewind(shape: Shape): Promise<void>;
  /** The writer as users run it, in a process of its own; resolves when it has its partitions. */
  start(profileFolder?: string): Promise<MeasuredWriter>;
}

export interface MeasuredWriter extends MeasuredProcess {
  /** So far: in transactions, from begin to commit, and in rests that it gave the database. */
  spent(): Promise<{ readonly transactionSeconds: number; readonly restSeconds: number }>;
}

let benches = 0;
const START_MAX_MS = 60_000;

function portOf(output: string): string | undefined {
  if (!output.includes('"msg":"writing"')) return undefined;
  return /"port":(\d+)/.exec(output)?.[1];
}

export async function createWriteBench(parts: Parts, sql = ''): Promise<WriteBench> {
  const pipeline = `write_${process.pid}_${benches++}`;
  const server = await connectDatabase({ url: parts.databaseUrl, applicationName: 'bench' });
  await server.query(`create database ${pipeline}`);
  await server.end();
  const url = new URL(parts.databaseUrl);
  url.pathname = `/${pipeline}`;
  const text = (await readFile(DEFINITION, 'utf8')).replace('pipeline: bench', `pipeline: ${pipeline}`);
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const client = await connectDatabase({ url: url.href, applicationName: 'bench' });
  await client.query(TABLE);
  await applyInit(client, parts.kafka, { definition });
  if (sql !== '') await client.query(sql);
  await client.end();
  const file = join(parts.folder, `${pipeline}.yaml`);
  await writeFile(file, text);
  let starts = 0;
  const group = writerGroup(pipeline);
  const topic = (shape: Shape): string => enrichedTopic(pipeline, shape);
  return {
    databaseUrl: url.href,
    topic,
    committed: async (shape) => {
      const lags = await parts.kafka.lag(group, [topic(shape)]);
      return lags.reduce((sum, { low, committed }) => sum + Number((committed ?? low) - low), 0);
    },
    forgetWritten: async () => {
      const forgetting = await connectDatabase({ url: url.href, applicationName: 'bench' });
      await forgetting.query('delete from afterglow_internal.written_outcomes');
      await forgetting.end();
    },
    rewind: async (shape) => {
      const logger = createLogger('bench', 'silent');
      const admin = createKafka({ brokers: [parts.brokers], clientId: 'bench', logger }).admin();
      await admin.connect();
      try {
        const ends = await admin.fetchTopicOffsets(topic(shape));
        const partitions = ends.map(({ partition, low }) => ({ partition, offset: low }));
        await admin.setOffsets({ groupId: group, topic: topic(shape), partitions });
      } finally {
        await admin.disconnect();
      }
    },
    start: async (profileFolder) => {
      const name = `${pipeline}_${starts++}`;
      const writer = await startMeasured({
        folder: parts.folder,
        name,
        program: process.execPath,
        programArguments: [
          ...NODE_ARGUMENTS,
          ...(profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profileFolder)]),
          `${REPOSITORY}/services/cli/main.ts`,
          ...['--config', file, 'writer'],
        ],
        environment: {
          DATABASE_URL: url.href,
          KAFKA_BROKERS: parts.brokers,
          AFTERGLOW_HTTP_PORT: '0',
        },
      });
      const log = join(parts.folder, name, 'output.log');
      const port = await until(async () => portOf(await readFile(log, 'utf8')), {
        deadlineMs: START_MAX_MS,
        everyMs: 5,
        what: 'the writer to have its partitions',
      });
      // Its properties are read as they are at the time.
      return Object.assign(Object.create(writer) as MeasuredProcess, {
        spent: async () => {
          const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
          const transactions = /^afterglow_writer_batch_seconds_sum (\S+)$/m.exec(metrics)?.[1];
          const rests = /^afterglow_writer_rest_seconds_total (\S+)$/m.exec(metrics)?.[1];
          return { transactionSeconds: Number(transactions ?? 0), restSeconds: Number(rests ?? 0) };
        },
      });
    },
  };
}
