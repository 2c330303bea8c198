import type { RowKey } from '../../../shared/contracts/events.ts';
import { enrichedTopic } from '../../../shared/contracts/topics.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import type { FollowedRecord } from '../../../shared/kafka/follow.ts';
import { readThrough } from '../../../shared/kafka/read-through.ts';
import { type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import {
  addKeysWithoutRow,
  forgetPartitionKeys,
  type KeyPlace,
  removeKeys,
} from '../../../shared/side-tables/gap-keys.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { keysOf } from './live-keys.ts';

export interface TopicToCollect {
  readonly kafka: KafkaSettings;
  readonly pipeline: string;
  readonly gap: string;
  readonly enrichment: string;
  readonly table: TableName;
}

/** In memory at a time; what is found is kept in the database. */
const PORTION_ROWS_MAX = 2_000;
const PORTION_BYTES_MAX = 8 * 1_048_576;

/**
 * One pass over an enriched topic for the keys that have a result there and no row: after a restore the state tables
 * are those of the copy, and know nothing of what was enriched since. Statement by statement, since a write transaction that
 * lasts as long as the pass would pin the log of the slot.
 */
export async function collectTopicKeys(
  client: DatabaseClient,
  { kafka, pipeline, gap, enrichment, table }: TopicToCollect,
  signal: AbortSignal,
): Promise<void> {
  const tables = await readEnrichmentTables(client, enrichment);
  const collect = async (portion: readonly FollowedRecord[]): Promise<void> => {
    for (const { partition, isEmptied, live, dead } of keysOf(portion)) {
      const place: KeyPlace = { gap, tables, partition };
      if (isEmptied) await forgetPartitionKeys(client, place);
      await eachReadable(dead, (keys) => removeKeys(client, place, keys));
      await eachReadable(live, (keys) => addKeysWithoutRow(client, place, table, keys));
    }
  };
  let portion: FollowedRecord[] = [];
  let bytes = 0;
  for await (const record of readThrough(kafka, enrichedTopic(pipeline, enrichment), signal)) {
    portion.push(record);
    bytes += record.value?.length ?? 0;
    if (portion.length < PORTION_ROWS_MAX && bytes < PORTION_BYTES_MAX) continue;
    await collect(portion);
    portion = [];
    bytes = 0;
  }
  await collect(portion);
}

/** Values that cannot be one of their column's type; such a key never had a row. */
const DATA_EXCEPTION = /^22/;

async function eachReadable(
  keys: readonly RowKey[],
  work: (keys: readonly RowKey[]) => Promise<void>,
): Promise<void> {
  if (keys.length === 0) return;
  try {
    await work(keys);
  } catch (error) {
    const isUnreadable = error instanceof RangeError || DATA_EXCEPTION.test(sqlState(error) ?? '');
    if (!isUnreadable) throw error;
    if (keys.length === 1) return;
    const middle = Math.ceil(keys.length / 2);
    await eachReadable(keys.slice(0, middle), work);
    await eachReadable(keys.slice(middle), work);
  }
}
