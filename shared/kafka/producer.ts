import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import { clusterOf } from './produce/cluster.ts';
import { IdempotentProducer, newIdentity, PATIENCE } from './produce/idempotent-producer.ts';
import type { BatchRecord } from './produce/record-batch.ts';
import type { RecordSet } from './produce/record-set.ts';
import { sendFault, troubleOf } from './produce/trouble.ts';

export interface TopicRecord extends BatchRecord {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Writes records so that they are safe: idempotent, confirmed by all in-sync replicas. Sends go out one after the other, in
 * the order in which they were asked for; a rejected one leaves the producer unusable, because what the broker has of it
 * is unknown.
 */
export interface RecordProducer extends AsyncDisposable {
  /** Resolves when the brokers have confirmed every record, not when they are queued. */
  send(records: readonly TopicRecord[]): Promise<void>;
  /** The same for a set that its owner has filled, and may clear afterwards. */
  sendSet(set: RecordSet): Promise<void>;
}

export async function connectProducer(settings: KafkaSettings, patience = PATIENCE): Promise<RecordProducer> {
  const cluster = clusterOf(createKafka(settings));
  try {
    await cluster.connect();
    return new IdempotentProducer(cluster, await newIdentity(cluster), patience);
  } catch (error) {
    await cluster.disconnect().catch(() => {});
    const fault = sendFault(troubleOf(error));
    throw fault.kind === 'set_up' ? fault : kafkaUnreachable(settings.brokers, error);
  }
}
