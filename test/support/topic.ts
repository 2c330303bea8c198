import { microBatches } from '../../shared/batching/micro-batches.ts';
import type { ChangeEvent } from '../../shared/contracts/events.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from './stack.ts';

const WINDOW = { rowsMax: 10_000, bytesMax: 64 * 1_048_576 };
const BATCH = { rowsMax: 1_000, bytesMax: 16 * 1_048_576, waitMaxMs: 0 };

const settings = (address = brokers()) => ({
  brokers: [address],
  clientId: 'test',
  logger: createLogger('test', 'silent'),
});

/** How many records the topic holds now. */
export async function topicSize(topic: string, address?: string): Promise<number> {
  const admin = await connectKafkaAdmin(settings(address));
  try {
    const ends = await admin.ends(topic);
    return ends.reduce((sum, { low, high }) => sum + Number(high - low), 0);
  } finally {
    await admin.close();
  }
}

/** Every record that the topic holds now, in order per partition. */
export async function readTopic(topic: string, address?: string): Promise<readonly FetchedRecord[]> {
  const records: FetchedRecord[] = [];
  for await (const batch of batchesOf(topic, address)) records.push(...batch);
  return records;
}

async function* batchesOf(topic: string, address?: string): AsyncGenerator<readonly FetchedRecord[]> {
  const size = await topicSize(topic, address);
  if (size === 0) return;
  await using consumer = await connectConsumer(settings(address), {
    group: uniquePipelineName(),
    topics: [topic],
    window: WINDOW,
  });
  let count = 0;
  for await (const batch of microBatches(consumer.queue, BATCH, () => false)) {
    yield batch;
    count += batch.length;
    if (count >= size) return;
  }
}

export interface TopicEvent {
  readonly key: string;
  readonly partition: number;
  /** null: a tombstone. */
  readonly event: ChangeEvent | null;
}

export async function readEvents(topic: string, address?: string): Promise<readonly TopicEvent[]> {
  return (await readTopic(topic, address)).map(toEvent);
}

/** The same one after the other, for topics that are larger than the memory. */
export async function* eventsOf(topic: string, address?: string): AsyncGenerator<TopicEvent> {
  for await (const batch of batchesOf(topic, address)) yield* batch.map(toEvent);
}

const toEvent = ({ key, partition, value }: FetchedRecord): TopicEvent => ({
  key: key?.toString() ?? '',
  partition,
  event: value === null ? null : (JSON.parse(value.toString()) as ChangeEvent),
});
