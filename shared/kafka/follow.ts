import { randomUUID } from 'node:crypto';
import { BoundedQueue } from '../batching/bounded-queue.ts';
import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import type { RecordHeaders } from './consumer.ts';

export interface FollowedRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: RecordHeaders;
  readonly timestampMs: number;
}

/** Fetched and not yet shown; a reader that is slow holds the fetch, not the memory. */
const WINDOW = { rowsMax: 2_000, bytesMax: 16 * 1_048_576 };
const TAKE = { rowsMax: 200, bytesMax: 1_048_576, waitMaxMs: 0 };
const FETCH_WAIT_MAX_MS = 200;
const HOLD_MS = 500;

/**
 * Reads a topic for somebody who watches: from the end, or from the first record at or after `fromMs`, until `signal`
 * aborts. Commits nothing, and takes the group that the client insists on away again.
 */
export async function* follow(
  settings: KafkaSettings,
  topic: string,
  options: { readonly fromMs?: number },
  signal: AbortSignal,
): AsyncGenerator<FollowedRecord> {
  const kafka = createKafka(settings);
  const admin = kafka.admin();
  const groupId = `${settings.clientId}.${randomUUID()}`;
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: FETCH_WAIT_MAX_MS,
  });
  const queue = new BoundedQueue<FollowedRecord>(WINDOW, ({ value }) => value?.length ?? 0);
  const end = (): void => queue.close();
  try {
    await admin.connect();
    // Before joining: what comes in meanwhile is after these offsets, and is read.
    const starts =
      options.fromMs === undefined
        ? await admin.fetchTopicOffsets(topic)
        : await admin.fetchTopicOffsetsByTimestamp(topic, options.fromMs);
    const next = new Map(starts.map(({ partition, offset }) => [partition, BigInt(offset)]));
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: false });
    // At every join, since the client begins a new membership where the group stands, and this one commits nothing.
    consumer.on(consumer.events.GROUP_JOIN, () => {
      for (const [partition, offset] of next) consumer.seek({ topic, partition, offset: String(offset) });
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) queue.close(kafkaUnreachable(settings.brokers, payload.error));
    });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, heartbeat, resolveOffset }) => {
        for (const message of batch.messages) {
          while (queue.full && !queue.closed) {
            await queue.roomAgain(HOLD_MS);
            await heartbeat();
          }
          if (queue.closed) return;
          const offset = BigInt(message.offset);
          if (offset < (next.get(batch.partition) ?? 0n)) continue;
          next.set(batch.partition, offset + 1n);
          queue.push({
            partition: batch.partition,
            offset,
            key: message.key,
            value: message.value,
            headers: message.headers ?? {},
            timestampMs: Number(message.timestamp),
          });
          resolveOffset(message.offset);
        }
      },
    });
  } catch (error) {
    await consumer.disconnect().catch(() => {});
    await admin.disconnect().catch(() => {});
    throw kafkaUnreachable(settings.brokers, error);
  }
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    for (;;) {
      const records = await queue.take(TAKE);
      if (records.length === 0) return;
      yield* records;
    }
  } finally {
    signal.removeEventListener('abort', end);
    await consumer.disconnect().catch(() => {});
    await admin.deleteGroups([groupId]).catch(() => {}); // an empty group expires by itself
    await admin.disconnect().catch(() => {});
  }
}
