import {
  readStoredPosition,
  type StoredPosition,
  writeStoredPosition,
} from '../../../shared/contracts/stored-position.ts';
import { positionsTopic } from '../../../shared/contracts/topics.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import { readLastRecord } from '../../../shared/kafka/last-record.ts';
import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { PublishedObjects } from '../../../shared/postgres/published.ts';
import { storePosition } from '../../../shared/side-tables/positions.ts';

/** Kafka's copy of the position, by which a database that was set back is told from one that was not. */
export async function readTwin(
  settings: KafkaSettings,
  pipeline: string,
): Promise<StoredPosition | undefined> {
  const value = await readLastRecord(settings, positionsTopic(pipeline));
  return value === undefined || value === null ? undefined : readStoredPosition(value.toString());
}

/** Both copies, the database's first: so it is never behind, unless it was set back. Only then may the slot move. */
export async function keepPosition(
  client: Queryable,
  producer: RecordProducer,
  pipeline: string,
  position: StoredPosition,
  published?: PublishedObjects,
): Promise<void> {
  await storePosition(client, pipeline, position, published);
  const value = writeStoredPosition(position);
  await producer.send([{ topic: positionsTopic(pipeline), partition: 0, key: pipeline, value }]);
}
