import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { compareFences, type Fence } from '../../shared/contracts/position.ts';
import type { Arrival } from './refusals.ts';

/** Of the outcomes of a batch the last of each key: what compaction keeps if nothing follows. */
export interface LastOfKeys {
  /** Older than what is written of the key, or than one before it. */
  readonly late: readonly Arrival[];
  readonly inOrder: readonly Arrival[];
}

/** Pure. `arrivals` of one topic, each partition in its order; `older`: what is written of their key is newer. */
export function lastOfKeys(arrivals: readonly Arrival[], older: ReadonlySet<AnyEnrichedEvent>): LastOfKeys {
  const keys = new Map<string, { newest: AnyEnrichedEvent; last: Arrival }>();
  for (const arrival of arrivals) {
    const { event, record } = arrival;
    if (event.status === 'truncated') continue;
    const key = String(record.key);
    const known = keys.get(key);
    if (known === undefined) {
      keys.set(key, { newest: event, last: arrival });
    } else {
      known.last = arrival;
      if (compareFences(fenceOf(event), fenceOf(known.newest)) > 0) known.newest = event;
    }
  }
  const late: Arrival[] = [];
  const inOrder: Arrival[] = [];
  for (const { newest, last } of keys.values()) {
    const isLate = older.has(last.event) || compareFences(fenceOf(last.event), fenceOf(newest)) < 0;
    (isLate ? late : inOrder).push(last);
  }
  return { late, inOrder };
}

const fenceOf = ({ source, revision, status }: AnyEnrichedEvent): Fence => ({
  epoch: source.epoch,
  commit_lsn: source.commit_lsn,
  event_index: source.event_index,
  revision,
  scored: status === 'scored',
});
