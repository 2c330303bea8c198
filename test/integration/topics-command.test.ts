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
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { projectFolder } from '../support/project-folder.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';
import { until } from '../support/wait.ts';

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

test('`topics` shows how far behind every group is, ours and others, and fails when a topic is missing', async () => {
  await using project = projectFolder();
  const pipeline = uniquePipelineName();
  const text = definitionText(pipeline);
  writeFileSync(join(project.path, 'afterglow.yaml'), text);
  const { definition } = parseDefinition(text, 'afterglow.yaml', {});
  const topics = definition === undefined ? [] : initTopics(definition);
  const settings = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const kafka = await connectKafkaAdmin(settings);
  onTestFinished(async () => {
    await kafka.deleteTopics(topics.map((each) => each.topic));
    await kafka.close();
  });
  await kafka.createTopics(topics);
  const topic = enrichedTopic(pipeline, 'fraud');
  {
    await using producer = await connectProducer(settings);
    const records = [1, 2, 3, 4].map((at) => recordOf({ key: 'a', at, status: 'scored' }));
    await producer.send(
      records.map(({ key, value }) => ({ topic, partition: 1, key: String(key), value: String(value) })),
    );
  }
  const group = uniquePipelineName();
  let turns = 0;
  for await (const _change of readEnriched({ brokers: [brokers()], pipeline, enrichment: 'fraud', group })) {
    turns += 1;
    if (turns === 4) break; // three turns are over
  }
  const run = async (...words: readonly string[]) => {
    const standardOutput = new Text();
    const environment = { DATABASE_URL: 'postgres://nobody@localhost/none', KAFKA_BROKERS: brokers() };
    const around = { environment, folder: project.path, standardOutput, standardError: new Text() };
    return { status: await runProgram(['topics', ...words], around), text: standardOutput.text };
  };
  const asJson = async () => {
    const { status, text } = await run('--json');
    const topics = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return { status, topics };
  };
  const groupsOf = async () =>
    (await asJson()).topics.find((each) => each.topic === topic)?.groups as readonly Record<
      string,
      unknown
    >[];
  expect(await asJson()).toMatchObject({ status: 0 });
  await until(
    async () => (await groupsOf()).some((each) => each.group === group && each.records_behind === 1),
    {
      deadlineMs: 30_000,
      what: 'the group of another team to be one record behind',
    },
  );
  expect(await groupsOf()).toEqual([
    { group: `${pipeline}.writer`, ours: true, records_behind: 4, behind: [null, null] },
    { group, ours: false, records_behind: 1, behind: [null, 1] },
  ]);
  expect((await run()).text).toContain(`└ ${group}  1 behind  (not of this pipeline)\n`);

  await kafka.deleteTopics([topic]);
  await until(async () => (await asJson()).status === 1, {
    deadlineMs: 30_000,
    what: 'the topic to be missed',
  });
  expect((await run()).text).toMatch(new RegExp(`^${topic} +missing$`, 'm'));
});
