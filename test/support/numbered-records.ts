// Numbered records on a topic of their own, for tests of what lies directly above Kafka.
import { expect } from 'vitest';
import { microBatches } from '../../shared/batching/micro-batches.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import type { FetchedRecord, RecordConsumer } from '../../shared/kafka/consumer.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import { connectProducer, type TopicRecord } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from './stack.ts';

export const PARTITIONS = 3;
const ONE_AT_A_TIME = { rowsMax: 10, bytesMax: 1_048_576, waitMaxMs: 0 };

export const settings = () => ({
  brokers: [brokers()],
  clientId: 'test',
  logger: createLogger('test', 'silent'),
});

export async function newTopic(): Promise<string> {
  const topic = uniquePipelineName();
  const admin = await connectKafkaAdmin(settings());
  expect(await admin.createTopics([{ topic, partitions: PARTITIONS, settings: {} }])).toEqual([true]);
  expect(await admin.createTopics([{ topic, partitions: PARTITIONS, settings: {} }])).toEqual([false]);
  await admin.close();
  return topic;
}

export function recordsFor(topic: string, from: number, count: number): TopicRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const key = String(from + index);
    return { topic, partition: partitionOf(key, PARTITIONS), key, value: `value ${key}` };
  });
}

export async function produce(records: readonly TopicRecord[]): Promise<void> {
  await using producer = await connectProducer(settings());
  await producer.send(records);
}

/** Takes records into `seen`, finishing those that `finished` lets. Ends when the consumer is closed. */
export async function consume(
  consumer: RecordConsumer,
  seen: FetchedRecord[],
  finished: (record: FetchedRecord) => boolean = () => true,
): Promise<void> {
  for await (const batch of microBatches(consumer.queue, ONE_AT_A_TIME, () => false)) {
    const current = batch.filter((record) => consumer.isCurrent(record));
    seen.push(...current);
    consumer.finish(current.filter(finished));
  }
}

export const keys = (records: readonly FetchedRecord[]): string[] =>
  records.map(({ key }) => key?.toString() ?? '');
export const allKeys = (count: number): Set<string> =>
  new Set(Array.from({ length: count }, (_, index) => String(index)));
