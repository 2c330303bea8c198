import { microBatches } from '../../shared/batching/micro-batches.ts';
import type { ChangeEvent } from '../../shared/contracts/events.ts';
import { connectKafkaAdmin, type PartitionEnds } from '../../shared/kafka/admin.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from './stack.ts';

const WINDOW = { rowsMax: 10_000, bytesMax: 64 * 1_048_576 };
const ATTEMPTS_MAX = 5;
const BATCH = { rowsMax: 1_000, bytesMax: 16 * 1_048_576, waitMaxMs: 0 };

const settings = (address = brokers()) => ({
  brokers: [address],
  clientId: 'test',
  logger: createLogger('test', 'silent'),
});

async function endsOf(topic: string, address?: string): Promise<readonly PartitionEnds[]> {
  const admin = await connectKafkaAdmin(settings(address));
  try {
    return await admin.ends(topic);
  } finally {
    await admin.close();
  }
}

/** How many records the topic holds now. */
export async function topicSize(topic: string, address?: string): Promise<number> {
  return (await endsOf(topic, address)).reduce((sum, { low, high }) => sum + Number(high - low), 0);
}

/** Every record that the topic holds now, in order per partition. */
export async function readTopic(topic: string, address?: string): Promise<readonly FetchedRecord[]> {
  const records: FetchedRecord[] = [];
  for await (const batch of batchesOf(topic, address)) records.push(...batch);
  return records;
}

/** Up to where each partition ends now. A rebalance may bring records again: each is given once. */
async function* batchesOf(topic: string, address?: string): AsyncGenerator<readonly FetchedRecord[]> {
  const ends = (await endsOf(topic, address)).filter(({ low, high }) => high > low);
  const next = new Map<number, bigint>();
  const nextOf = (partition: number): bigint => next.get(partition) ?? 0n;
  const isWhole = (): boolean => ends.every(({ partition, high }) => nextOf(partition) >= high);
  for (let attempt = 1; !isWhole(); attempt++) {
    try {
      for await (const batch of membership(topic, address)) {
        yield batch.filter(({ partition, offset }) => {
          const isNew = offset >= nextOf(partition);
          if (isNew) next.set(partition, offset + 1n);
          return isNew;
        });
        if (isWhole()) return;
      }
    } catch (error) {
      // As every service does, whoever reads joins anew when a broker ends its membership.
      if (attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function* membership(topic: string, address?: string): AsyncGenerator<readonly FetchedRecord[]> {
  await using consumer = await connectConsumer(settings(address), {
    group: uniquePipelineName(),
    topics: [topic],
    window: WINDOW,
  });
  yield* microBatches(consumer.queue, BATCH, () => false);
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
