import { isEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { CDC_RETENTION_MS } from '../../shared/contracts/retention.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { Arrival } from './refusals.ts';

/**
 * A tombstone says nothing that the deletion before it did not, unless that one may have been compacted away. Both go to Kafka
 * in one batch, so that one which comes late is behind a deletion that is late.
 */
export function readOutcomes(
  records: readonly FetchedRecord[],
  nowMs: number,
): {
  readonly arrivals: readonly Arrival[];
  readonly unreadable: readonly FetchedRecord[];
  readonly tombstones: readonly FetchedRecord[];
} {
  const arrivals: Arrival[] = [];
  const unreadable: FetchedRecord[] = [];
  const tombstones: FetchedRecord[] = [];
  for (const record of records) {
    if (record.value === null) {
      if (nowMs - record.timestampMs > CDC_RETENTION_MS) tombstones.push(record);
      continue;
    }
    const event = parse(record.value);
    if (isEnrichedEvent(event)) arrivals.push({ record, event });
    else unreadable.push(record);
  }
  return { arrivals, unreadable, tombstones };
}

export function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}
