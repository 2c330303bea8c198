import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import { clusterOf } from './produce/cluster.ts';
import { IdempotentProducer, newIdentity, PATIENCE } from './produce/idempotent-producer.ts';
import type { RecordProducer } from './produce/record-producer.ts';
import { sendFault, troubleOf } from './produce/trouble.ts';

// What whoever sends has to know.
export type { RecordProducer } from './produce/record-producer.ts';
export type { TopicRecord } from './topic-record.ts';

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
