// Who is in a group, and who may move what it has committed.
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { groupMetrics } from '../../services/reader/groups/metrics.ts';
import { watchGroups } from '../../services/reader/groups/watch-groups.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { cdcTopic, enrichedTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import {
  allKeys,
  consume,
  keys,
  newTopic,
  PARTITIONS,
  produce,
  recordsFor,
  settings,
} from '../support/numbered-records.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const WINDOW = { rowsMax: 50, bytesMax: 1_048_576 };
const DEADLINE_MS = 60_000;
/** A member that Kafka has not heard of for 10 s is none any more. */
const SILENCE_MAX_MS = 11_000;

function definitionOf(pipeline: string) {
  const text = `version: 1
pipeline: ${pipeline}
sources:
  payments: { table: public.payments, partitions: ${PARTITIONS} }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud, version: "1" }
    input: [amount]
    output: { score: float }
`;
  const { definition } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error('the definition of the test has mistakes');
  return definition;
}

test('a member is given nothing until it is admitted, however long that takes, and one that is refused ends', async () => {
  const topic = await newTopic();
  await produce(recordsFor(topic, 0, 30));
  const admission = Promise.withResolvers<void>();
  const askedAtMs: number[] = [];
  const member = (admit: () => Promise<void>) =>
    connectConsumer(settings(), { group: topic, topics: [topic], window: WINDOW, admit });
  const seen: FetchedRecord[] = [];
  {
    await using consumer = await member(async () => {
      askedAtMs.push(performance.now());
      await admission.promise;
    });
    const consuming = consume(consumer, seen);
    const isOver = (): boolean => performance.now() - (askedAtMs[0] ?? performance.now()) > SILENCE_MAX_MS;
    await until(isOver, { deadlineMs: 60_000, what: 'a member that is silent to be put out' });
    expect(seen).toEqual([]);
    admission.resolve();
    await until(() => seen.length >= 30, { deadlineMs: DEADLINE_MS, what: 'all records' });
    consumer.queue.close();
    await consuming;
  }
  expect(askedAtMs.length).toBe(1);
  expect(new Set(keys(seen))).toEqual(allKeys(30));
  await using refused = await member(() => Promise.reject(new Error('refused')));
  await produce(recordsFor(topic, 30, 3));
  await expect(consume(refused, seen)).rejects.toThrow('refused');
  expect(seen.length).toBe(30);
});

test('a group is late when what it wants next is older than half of what Kafka keeps, and told of once', async () => {
  const pipeline = uniquePipelineName();
  const definition = definitionOf(pipeline);
  const topic = cdcTopic(pipeline, 'public', 'payments');
  const admin = await connectKafkaAdmin(settings());
  const topics = [topic, enrichedTopic(pipeline, 'fraud')];
  await admin.createTopics(topics.map((each) => ({ topic: each, partitions: PARTITIONS, settings: {} })));
  await produce(recordsFor(topic, 0, 30));
  const registry = new Registry();
  const warned: string[] = [];
  const warn = (_: unknown, text: string): void => void warned.push(text);
  const logger = Object.assign(createLogger('test', 'silent'), { warn });
  let nowMs = Date.now();
  const looked = async (): Promise<boolean> => {
    const ending = new AbortController();
    const watched = watchGroups(
      { definition, brokers: [brokers()], logger, metrics: groupMetrics(registry), nowMs: () => nowMs },
      ending.signal,
    );
    const late = async () => {
      const values = (await registry.getSingleMetric(METRIC.reader.groupLate)?.get())?.values ?? [];
      return values.length === 2 && values.map(({ value }) => value);
    };
    const found = await until(late, { deadlineMs: DEADLINE_MS, what: 'a look at both groups' });
    ending.abort();
    await watched;
    registry.clear();
    return found.some((value) => value === 1);
  };
  expect(await looked()).toBe(false);
  nowMs += 4 * 86_400_000;
  expect(await looked()).toBe(true);
  expect(warned).toEqual(['a group is further behind than half of what Kafka keeps']);
  const ends = new Map((await admin.ends(topic)).map(({ partition, high }) => [partition, high]));
  await admin.moveGroup(enricherGroup(pipeline, 'fraud'), topic, ends);
  expect(await looked()).toBe(false);
  await admin.close();
});

test('the offsets of a group are moved by others only while nobody is in it', async () => {
  const topic = await newTopic();
  await produce(recordsFor(topic, 0, 30));
  const admin = await connectKafkaAdmin(settings());
  const committed = async () => (await admin.lag(topic, [topic])).map((lag) => lag.committed);
  const to = (offset: bigint) => new Map([0, 1, 2].map((partition) => [partition, offset]));
  expect(await admin.moveGroup(topic, topic, to(2n))).toBe(true);
  const seen: FetchedRecord[] = [];
  {
    await using consumer = await connectConsumer(settings(), {
      group: topic,
      topics: [topic],
      window: WINDOW,
    });
    const consuming = consume(consumer, seen, () => false);
    await until(() => seen.length >= 30 - 6, { deadlineMs: DEADLINE_MS, what: 'the rest' });
    expect(await admin.moveGroup(topic, topic, to(1n))).toBe(false);
    consumer.queue.close();
    await consuming;
  }
  expect(seen.every(({ offset }) => offset >= 2n)).toBe(true);
  expect(await committed()).toEqual([2n, 2n, 2n]);
  expect(await admin.moveGroup(topic, topic, to(1n))).toBe(true);
  expect(await committed()).toEqual([1n, 1n, 1n]);
  await admin.close();
});
