import { randomUUID } from 'node:crypto';
import { BoundedQueue } from '../batching/bounded-queue.ts';
import { connectKafkaAdmin } from './admin.ts';
import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import type { FollowedRecord } from './follow.ts';

const WINDOW = { rowsMax: 2_000, bytesMax: 16 * 1_048_576 };
const TAKE = { rowsMax: 500, bytesMax: 4 * 1_048_576, waitMaxMs: 0 };
const FETCH_WAIT_MAX_MS = 100;
const HOLD_MS = 500;

/**
 * What one partition holds now from `fromMs` on, in its order; the others are left where they are. Commits nothing, and
 * takes the group that the client insists on away again.
 */
export async function* readPartition(
  settings: KafkaSettings,
  topic: string,
  wanted: number,
  fromMs: number,
  signal: AbortSignal,
): AsyncGenerator<FollowedRecord> {
  const stretch = await stretchOf(settings, topic, wanted, fromMs);
  if (stretch === undefined) return;
  const groupId = `${settings.clientId}.${randomUUID()}`;
  const kafka = createKafka(settings);
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: FETCH_WAIT_MAX_MS,
  });
  const queue = new BoundedQueue<FollowedRecord>(WINDOW, ({ value }) => value?.length ?? 0);
  const end = (): void => queue.close();
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: false });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) queue.close(kafkaUnreachable(settings.brokers, payload.error));
    });
    consumer.on(consumer.events.GROUP_JOIN, () => {
      consumer.pause([{ topic, partitions: stretch.others }]);
      consumer.seek({ topic, partition: wanted, offset: String(stretch.first) });
    });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, heartbeat, resolveOffset }) => {
        if (batch.partition !== wanted) return;
        for (const message of batch.messages) {
          while (queue.full && !queue.closed) {
            await queue.roomAgain(HOLD_MS);
            await heartbeat();
          }
          const offset = BigInt(message.offset);
          if (queue.closed || offset < stretch.first) return;
          const { key, value, timestamp } = message;
          queue.push({ partition: wanted, offset, key, value, timestampMs: Number(timestamp) });
          resolveOffset(message.offset);
        }
      },
    });
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    for (;;) {
      const records = await queue.take(TAKE);
      if (records.length === 0) return;
      for (const record of records) {
        yield record;
        // What a cleaner took away leaves holes, but never at the end, where it does not work yet.
        if (record.offset >= stretch.last) return;
      }
    }
  } catch (error) {
    throw kafkaUnreachable(settings.brokers, error);
  } finally {
    signal.removeEventListener('abort', end);
    queue.close();
    await consumer.disconnect().catch(() => {});
    const admin = kafka.admin();
    await admin.connect().catch(() => {});
    await admin.deleteGroups([groupId]).catch(() => {}); // an empty group expires by itself
    await admin.disconnect().catch(() => {});
  }
}

interface Stretch {
  readonly first: bigint;
  readonly last: bigint;
  readonly others: number[];
}

async function stretchOf(
  settings: KafkaSettings,
  topic: string,
  wanted: number,
  fromMs: number,
): Promise<Stretch | undefined> {
  const admin = await connectKafkaAdmin(settings);
  try {
    const ends = await admin.ends(topic);
    const end = ends.find(({ partition }) => partition === wanted);
    const first = (await admin.startsAt(topic, fromMs)).get(wanted) ?? end?.low;
    if (end === undefined || first === undefined || end.high <= first) return undefined;
    const others = ends.map(({ partition }) => partition).filter((partition) => partition !== wanted);
    return { first, last: end.high - 1n, others };
  } finally {
    await admin.close();
  }
}
