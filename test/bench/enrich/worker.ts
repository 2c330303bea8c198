import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { applyInit } from '../../../services/cli/init/apply.ts';
import { NODE_ARGUMENTS } from '../../../services/cli/node24.js';
import type { Definition } from '../../../shared/config/definition.ts';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { cdcTopic, enrichedTopic } from '../../../shared/contracts/topics.ts';
import { connectDatabase } from '../../../shared/postgres/connect.ts';
import { type MeasuredProcess, startMeasured } from '../reader/measured-process.ts';
import { type Parts, REPOSITORY } from '../reader/parts.ts';
import type { ChangeEvents, SourceName } from './change-events.ts';

export type EnrichmentName = 'fraud' | 'sentiment' | 'embedding';

const SOURCE_OF: Readonly<Record<EnrichmentName, SourceName>> = {
  fraud: 'transactions',
  sentiment: 'reviews',
  embedding: 'reviews',
};
const SCHEMA = `${REPOSITORY}/services/cli/demo/schema.sql`;
const DEFINITION = new URL('afterglow.yaml', import.meta.url);

/** A pipeline of its own for every run: empty topics, an empty cache, a group that nobody knows. */
export interface Bench {
  readonly definition: Definition;
  readonly changes: ChangeEvents;
  readonly enrichedTopic: string;
  /** The enricher as users run it, in a process of its own. */
  start(awsUrl: string, profileFolder?: string): Promise<MeasuredProcess>;
}

let benches = 0;

/** `edit` changes the text of the bench's definition. */
export async function createBench(
  parts: Parts,
  enrichment: EnrichmentName,
  edit: (text: string) => string = (text) => text,
): Promise<Bench> {
  const pipeline = `bench_${process.pid}_${benches++}`;
  const server = await connectDatabase({ url: parts.databaseUrl, applicationName: 'bench' });
  await server.query(`create database ${pipeline}`);
  await server.end();
  const url = new URL(parts.databaseUrl);
  url.pathname = `/${pipeline}`;
  const text = edit((await readFile(DEFINITION, 'utf8')).replace('pipeline: bench', `pipeline: ${pipeline}`));
  const { definition, mistakes } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const client = await connectDatabase({ url: url.href, applicationName: 'bench' });
  await client.query(await readFile(SCHEMA, 'utf8'));
  await applyInit(client, parts.kafka, { definition });
  await client.end();
  const file = join(parts.folder, `${pipeline}.yaml`);
  await writeFile(file, text);
  const source = SOURCE_OF[enrichment];
  return {
    definition,
    changes: {
      topic: cdcTopic(pipeline, 'public', source),
      pipeline,
      source,
      partitions: definition.sources[source]?.partitions ?? 1,
    },
    enrichedTopic: enrichedTopic(pipeline, enrichment),
    start: async (awsUrl, profileFolder) =>
      await startMeasured({
        folder: parts.folder,
        name: pipeline,
        program: process.execPath,
        programArguments: [
          ...NODE_ARGUMENTS,
          ...(profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profileFolder)]),
          `${REPOSITORY}/services/cli/main.ts`,
          ...['--config', file, 'enricher', enrichment],
        ],
        environment: {
          DATABASE_URL: url.href,
          KAFKA_BROKERS: parts.brokers,
          AFTERGLOW_AWS_LOCAL_URL: awsUrl,
          AFTERGLOW_HTTP_PORT: process.env.BENCH_PORT ?? '0',
        },
      }),
  };
}
