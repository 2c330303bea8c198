import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventOf, recordOf, type Said, tombstoneOf } from '../../shared/client/records.test-support.ts';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { startChild } from '../support/child.ts';
import { projectFolder } from '../support/project-folder.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';

const DEADLINE_MS = 120_000;
const AFTERGLOW = resolve('services/cli/afterglow.js');

const definitionText = (pipeline: string): string => `version: 1
pipeline: ${pipeline}
sources:
  payments: { table: public.payments }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud, version: "1" }
    input: [amount]
    output: { score: float }
    flag: score >= 5.0
`;

const saidOf = (key: string, at: number, status: Said['status'] = 'scored'): Said => ({ key, at, status });

async function setting() {
  const project = projectFolder();
  const pipeline = uniquePipelineName();
  writeFileSync(join(project.path, 'afterglow.yaml'), definitionText(pipeline));
  const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const admin = await connectKafkaAdmin(kafka);
  const topic = enrichedTopic(pipeline, 'fraud');
  const producer = await connectProducer(kafka);
  onTestFinished(async () => {
    await producer[Symbol.asyncDispose]();
    await admin.deleteTopics([topic]);
    await admin.close();
    await project[Symbol.asyncDispose]();
  });
  await admin.createTopics([{ topic, partitions: 1, settings: {} }]);
  const send = (...records: readonly { readonly key: string; readonly value: string | null }[]) =>
    producer.send(records.map((record) => ({ topic, partition: 0, ...record })));
  const tail = (...words: readonly string[]) =>
    startChild(AFTERGLOW, ['tail', 'fraud', ...words], {
      folder: project.path,
      environment: {
        DATABASE_URL: 'postgres://nobody@localhost/none',
        KAFKA_BROKERS: brokers(),
        NO_COLOR: '1',
      },
    });
  return { send, tail };
}

const recorded = (said: Said, more: Partial<EnrichedEvent> = {}) => ({
  key: String(recordOf(said).key),
  value: JSON.stringify({ ...eventOf(said), ...more }),
});

test('`tail` shows what holds, from then and from now on, and Ctrl-C ends it without a word', {
  timeout: 400_000,
}, async () => {
  const { send, tail } = await setting();
  await send(
    recorded(saidOf('a', 1)),
    recorded(saidOf('b', 7), { flagged: true }),
    recorded(saidOf('c', 8, 'deleted')),
    { key: String(tombstoneOf('c').key), value: null },
    { key: '{"id":"x"}', value: '{"strange":true}' },
  );
  const where = 'score > 6.0 || status == "deleted" || (score < 2.0 && key.missing == "1")';
  await using all = await tail('--from', '1h', '--where', 'score > 0.0');
  await using held = await tail('--from', '1h', '--where', where, '--json');
  await using flagged = await tail('--from', '1h', '--flagged', '--where', 'key.id != "z"');
  await all.outputMatching(/id=b/, DEADLINE_MS);
  await held.outputMatching(/"score":7/, DEADLINE_MS);
  await flagged.outputMatching(/id=b {2}score=7 {2}flagged/, DEADLINE_MS);
  await flagged.outputMatching(/is no outcome that this version knows/, DEADLINE_MS);
  await send(recorded(saidOf('d', 9)));
  await all.outputMatching(/id=d {2}score=9/, DEADLINE_MS);
  await held.outputMatching(/"score":9/, DEADLINE_MS);
  for (const child of [all, held, flagged]) child.kill('SIGINT');
  expect(await Promise.all([all.ended, held.ended, flagged.ended])).toEqual(
    Array(3).fill({ status: 0, signal: null }),
  );
  const strange = 'A record is no outcome that this version knows; such ones are left out.';
  expect(all.output.trim().split('\n').toSorted()).toEqual([
    expect.stringMatching(/ id=a {2}score=1 /),
    expect.stringMatching(/ id=b {2}score=7 /),
    expect.stringMatching(/ id=d {2}score=9 /),
    strange,
  ]);
  expect(flagged.output.trim().split('\n')).toHaveLength(2);
  const lines = held.output.trim().split('\n');
  const events = lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as EnrichedEvent);
  // Of a, the condition is not known, since its key lacks the column; that is said once.
  expect(events.map(({ key, status }) => [key.id, status])).toEqual([
    ['b', 'scored'],
    ['c', 'deleted'],
    ['d', 'scored'],
  ]);
  expect(lines.filter((line) => !line.startsWith('{'))).toEqual([
    'The condition of --where fails on an outcome; such ones are left out.',
    strange,
  ]);
});

test.each([
  ['scor > 0.9', 'at character 1, "scor > 0.9": there is no scor here; write score.'],
  ['flagged && amount > 1', 'at character 12, "amount > 1": there is no amount here'],
  ['score >', 'at its end: '],
  ['score', 'at character 1, "score": this must be true or false, and it is double.'],
])('a condition %s is refused with its place before anything is read', async (where, told) => {
  const { tail } = await setting();
  await using child = await tail('--where', where);
  expect(await child.ended).toEqual({ status: 2, signal: null });
  expect(child.output).toContain(`Error: The condition of --where is wrong ${told}`);
});
