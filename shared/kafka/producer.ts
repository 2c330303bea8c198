import type { Producer } from 'kafkajs';
import { Fault } from '../errors/policy.ts';
import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';

export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | null;
  /** null is a tombstone. */
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Writes records so that they are safe: idempotent, confirmed by all in-sync replicas. Sends of one producer are made one
 * after the other by its owner; a rejected send leaves it unusable, because what the broker has of it is unknown.
 */
export interface RecordProducer extends AsyncDisposable {
  /** Resolves when the brokers have confirmed every record, not when they are queued. */
  send(records: readonly TopicRecord[]): Promise<void>;
}

export async function connectProducer(settings: KafkaSettings): Promise<RecordProducer> {
  const producer = createKafka(settings).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: { retries: 8, initialRetryTime: 100, maxRetryTime: 2_000 },
  });
  try {
    await producer.connect();
  } catch (error) {
    await producer.disconnect().catch(() => {});
    throw kafkaUnreachable(settings.brokers, error);
  }
  return {
    send: (records) => send(producer, records),
    [Symbol.asyncDispose]: () => producer.disconnect(),
  };
}

interface OutgoingMessage {
  key: string | null;
  value: string | Buffer | null;
  partition: number;
  headers?: Record<string, string>;
}

async function send(producer: Producer, records: readonly TopicRecord[]): Promise<void> {
  for (const part of partsOf(records)) {
    try {
      await producer.sendBatch({ acks: -1, topicMessages: byTopic(part) });
    } catch (error) {
      throw sendFault(error);
    }
  }
}

/** What no repetition mends, by Kafka's own names: rights, topics and sizes that somebody has to put right. */
const SET_UP_TYPES = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'POLICY_VIOLATION',
  'UNSUPPORTED_VERSION',
]);

function sendFault(error: unknown): Fault {
  const type = kafkaType(error);
  if (type !== undefined && SET_UP_TYPES.has(type)) {
    return new Fault('set_up', type, `Kafka refuses a send (${type}): no repetition mends that`, {
      cause: error,
    });
  }
  const code = type ?? (error instanceof Error ? error.name : 'unknown');
  return new Fault('unavailable', code, 'Kafka did not confirm a send', { cause: error });
}

/** The client wraps the broker's answer once its own retries are used up. */
function kafkaType(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('type' in error && typeof error.type === 'string') return error.type;
  return kafkaType(error.cause);
}

/** Kafka limits what one send brings to one partition, so a send is cut before any partition can get too much. */
const SEND_BYTES_MAX = 900_000;
const RECORD_OVERHEAD_BYTES = 100;

function* partsOf(records: readonly TopicRecord[]): Generator<readonly TopicRecord[]> {
  let from = 0;
  let bytes = 0;
  for (const [index, record] of records.entries()) {
    const recordBytes = bytesOf(record);
    if (index > from && bytes + recordBytes > SEND_BYTES_MAX) {
      yield records.slice(from, index);
      from = index;
      bytes = 0;
    }
    bytes += recordBytes;
  }
  if (from < records.length) yield from === 0 ? records : records.slice(from);
}

export function bytesOf({ key, value }: Pick<TopicRecord, 'key' | 'value'>): number {
  const valueBytes = value === null ? 0 : Buffer.isBuffer(value) ? value.length : Buffer.byteLength(value);
  return valueBytes + (key?.length ?? 0) + RECORD_OVERHEAD_BYTES;
}

function byTopic(records: readonly TopicRecord[]): { topic: string; messages: OutgoingMessage[] }[] {
  const topics = new Map<string, OutgoingMessage[]>();
  for (const { topic, partition, key, value, headers } of records) {
    let messages = topics.get(topic);
    if (messages === undefined) {
      messages = [];
      topics.set(topic, messages);
    }
    messages.push(headers === undefined ? { key, value, partition } : { key, value, partition, headers });
  }
  return Array.from(topics, ([topic, messages]) => ({ topic, messages }));
}
