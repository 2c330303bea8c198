import { CDC_RETENTION_MS } from '../contracts/retention.ts';
import type { KafkaAdmin, PartitionLag } from '../kafka/admin.ts';

/** Half of the time that is left for putting things right. */
const TOLD_SHARE = 0.5;

/** By partition: the first record that is younger than half of what Kafka keeps; where there is none, the end. */
export const halfOfRetention = (
  kafka: Pick<KafkaAdmin, 'startsAt'>,
  topic: string,
  nowMs: number,
): Promise<ReadonlyMap<number, bigint>> => kafka.startsAt(topic, nowMs - TOLD_SHARE * CDC_RETENTION_MS);

/** Pure: whether what a group wants next is older than that. One that never committed begins at the beginning. */
export const isLate = (lags: readonly PartitionLag[], half: ReadonlyMap<number, bigint>): boolean =>
  lags.some(
    ({ partition, low, high, committed = low }) =>
      committed < (half.get(partition) ?? low) && committed < high,
  );
