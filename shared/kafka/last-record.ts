import { randomUUID } from 'node:crypto';
import { AfterglowError } from '../errors/catalogue.ts';
import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import { isUnknownTopic } from './error-type.ts';

const READ_MAX_MS = 20_000;
const FETCH_WAIT_MAX_MS = 100;
const PARTITION = 0;

/**
 * The newest value of a topic of one partition; undefined when nothing was ever written to it, null for a tombstone.
 * Commits nothing, and takes the group that the client insists on away again.
 */
export async function readLastRecord(
  settings: KafkaSettings,
  topic: string,
): Promise<Buffer | null | undefined> {
  const kafka = createKafka(settings);
  const admin = kafka.admin();
  const groupId = `${settings.clientId}.${randomUUID()}`;
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: FETCH_WAIT_MAX_MS,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(topic);
    const end = ends.find(({ partition }) => partition === PARTITION);
    if (end === undefined || end.high === end.low) return undefined;
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
    promise.catch(() => {}); // it may fail before anybody waits for it
    timer = setTimeout(() => reject(new Error('nothing came in time')), READ_MAX_MS);
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    const newest = BigInt(end.high) - 1n;
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        if (BigInt(message.offset) >= newest) resolve(message.value);
      },
    });
    consumer.seek({ topic, partition: PARTITION, offset: String(newest) });
    return await promise;
  } catch (error) {
    if (isUnknownTopic(error)) {
      throw new AfterglowError('topic_missing', `Topic ${topic} does not exist.`, { cause: error });
    }
    throw kafkaUnreachable(settings.brokers, error);
  } finally {
    clearTimeout(timer);
    await consumer.disconnect().catch(() => {});
    await admin.deleteGroups([groupId]).catch(() => {}); // an empty group expires by itself
    await admin.disconnect().catch(() => {});
  }
}
