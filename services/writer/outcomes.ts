import { isEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { Arrival } from './refusals.ts';

/** Tombstones say nothing that the deletion before them did not. */
export function readOutcomes(records: readonly FetchedRecord[]): {
  readonly arrivals: readonly Arrival[];
  readonly unreadable: readonly FetchedRecord[];
} {
  const arrivals: Arrival[] = [];
  const unreadable: FetchedRecord[] = [];
  for (const record of records) {
    if (record.value === null) continue;
    const event = parse(record.value);
    if (isEnrichedEvent(event)) arrivals.push({ record, event });
    else unreadable.push(record);
  }
  return { arrivals, unreadable };
}

function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}
