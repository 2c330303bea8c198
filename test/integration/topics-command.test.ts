import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { initTopics } from '../../services/cli/init/topics.ts';
import { runProgram } from '../../services/cli/program.ts';
import { readEnriched } from '../../shared/client/index.ts';
import { recordOf } from '../../shared/client/records.test-support.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { projectFolder } from '../support/project-folder.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 60_000;

class Text extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

const definitionText = (pipeline: string): string => `version: 1
pipeline: ${pipeline}
sources:
  transactions: { table: public.transactions, exclude: [card_last4], partitions: 2 }
  reviews: { table: public.reviews, partitions: 2 }
enrichments:
  fraud:
    from: transactions
    model: { kind: sagemaker, endpoint: fraud, version: "1" }
    input: [amount]
    output: { score: float }
  sentiment:
    from: reviews
    model: { kind: comprehend }
    input: [body]
`;

interface Topics {
  readonly pipeline: string;
  /** Of the enrichment fraud. */
  readonly topic: string;
  readonly kafka: KafkaAdmin;
  send(ats: readonly number[]): Promise<void>;
  run(...words: readonly string[]): Promise<{ readonly status: number; readonly text: string }>;
  groups(): Promise<
    readonly { readonly group: string; readonly records_behind: number; readonly behind: unknown[] }[]
  >;
}

async function createTopics(): Promise<Topics> {
  const project = projectFolder();
  const pipeline = uniquePipelineName();
  const text = definitionText(pipeline);
  writeFileSync(join(project.path, 'afterglow.yaml'), text);
  const { definition } = parseDefinition(text, 'afterglow.yaml', {});
  const topics = definition === undefined ? [] : initTopics(definition);
  const settings = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const kafka = await connectKafkaAdmin(settings);
  const producer = await connectProducer(settings);
  onTestFinished(async () => {
    await producer[Symbol.asyncDispose]();
    await kafka.deleteTopics(topics.map((each) => each.topic));
    await kafka.close();
    await project[Symbol.asyncDispose]();
  });
  await kafka.createTopics(topics);
  const topic = enrichedTopic(pipeline, 'fraud');
  const run: Topics['run'] = async (...words) => {
    const standardOutput = new Text();
    const environment = { DATABASE_URL: 'postgres://nobody@localhost/none', KAFKA_BROKERS: brokers() };
    const around = { environment, folder: project.path, standardOutput, standardError: new Text() };
    return { status: await runProgram(['topics', ...words], around), text: standardOutput.text };
  };
  return {
    pipeline,
    topic,
    kafka,
    run,
    async send(ats) {
      const records = ats.map((at) => recordOf({ key: 'a', at, status: 'scored' }));
      await producer.send(
        records.map(({ key, value }) => ({ topic, partition: 1, key: String(key), value: String(value) })),
      );
    },
    async groups() {
      const { text: told } = await run('--json');
      const lines = told.trimEnd().split('\n');
      const reports = lines.map((line) => JSON.parse(line) as { topic: string; groups: [] });
      return reports.find((each) => each.topic === topic)?.groups ?? [];
    },
  };
}

test('`topics` shows how far behind every group is, ours and others, and fails when a topic is missing', async () => {
  const { pipeline, topic, kafka, send, run, groups } = await createTopics();
  await send([1, 2, 3, 4]);
  const group = uniquePipelineName();
  let turns = 0;
  for await (const _change of readEnriched({ brokers: [brokers()], pipeline, enrichment: 'fraud', group })) {
    turns += 1;
    if (turns === 4) break; // three turns are over
  }
  expect((await run()).status).toBe(0);
  const isOneBehind = async () =>
    (await groups()).some((each) => each.group === group && each.records_behind === 1);
  await until(isOneBehind, {
    deadlineMs: DEADLINE_MS,
    what: 'the group of another team to be one record behind',
  });
  expect(await groups()).toEqual([
    { group: `${pipeline}.writer`, ours: true, records_behind: 4, behind: [null, null] },
    { group, ours: false, records_behind: 1, behind: [null, 1] },
  ]);
  expect((await run()).text).toContain(`└ ${group}  1 behind  (not of this pipeline)\n`);

  await kafka.deleteTopics([topic]);
  const isMissed = async () => (await run()).status === 1;
  await until(isMissed, { deadlineMs: DEADLINE_MS, what: 'the topic to be missed' });
  expect((await run()).text).toMatch(new RegExp(`^${topic} +missing$`, 'm'));
});

test('who reads while others write is never ahead of the topic', async () => {
  const { pipeline, send, groups } = await createTopics();
  const group = uniquePipelineName();
  const ending = new AbortController();
  const { signal } = ending;
  const reading = (async () => {
    const changes = readEnriched({ brokers: [brokers()], pipeline, enrichment: 'fraud', group, signal });
    for await (const _change of changes);
  })();
  const writing = (async () => {
    for (let at = 1; !signal.aborted; at++) await send([at]);
  })();
  const isReading = async () => (await groups()).some((each) => each.group === group);
  const seen: unknown[] = [];
  const looking = (async () => {
    await until(isReading, { deadlineMs: DEADLINE_MS, what: 'the group to have committed an offset' });
    for (let time = 0; time < 8; time++) {
      for (const each of await groups()) if (each.group === group) seen.push(...each.behind);
    }
  })();
  const ended = async (work: Promise<void>): Promise<void> => {
    await work;
    if (!signal.aborted) throw new Error('reading or writing ended before its time');
  };
  try {
    // Whichever ends first: what ended reading or writing is the reason why nothing comes.
    await Promise.race([looking, ended(reading), ended(writing)]);
  } finally {
    ending.abort();
    await Promise.allSettled([reading, writing, looking]);
  }
  await Promise.all([reading, writing]);
  expect(seen.filter((behind) => behind !== null)).not.toEqual([]);
  expect(seen.filter((behind) => Number(behind) < 0)).toEqual([]);
});
