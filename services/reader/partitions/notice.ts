import type { Notice } from '../../../shared/contracts/events.ts';
import { instantFromMilliseconds } from '../../../shared/contracts/instant.ts';
import { formatLsn } from '../../../shared/contracts/position.ts';
import { noticesTopic } from '../../../shared/contracts/topics.ts';
import type { TopicRecord } from '../../../shared/kafka/producer.ts';
import type { PartitionChange } from '../../../shared/side-tables/partitions.ts';
import { nameOf } from '../preflight/published-changes.ts';

export function partitionNotice(pipeline: string, change: PartitionChange, nowMs: number): TopicRecord {
  const notice: Notice = {
    kind: 'partition_maintenance',
    at: instantFromMilliseconds(nowMs),
    pipeline,
    change: change.id,
    table: nameOf(change.table),
    ...namesOf(change),
    found_at: change.foundAt,
    found_lsn: formatLsn(change.foundLsn),
    to_sweep: change.toSweep,
    jobs: change.jobs,
  };
  return { topic: noticesTopic(pipeline), partition: 0, key: notice.kind, value: JSON.stringify(notice) };
}

/** Thousands of names would not fit into a record; the database has them all. */
const NAMES_MAX = 100;

export const namesOf = ({ attached, removed, rewritten }: PartitionChange) => ({
  attached: { count: attached.length, names: attached.slice(0, NAMES_MAX) },
  removed: { count: removed.length, names: removed.slice(0, NAMES_MAX) },
  rewritten: { count: rewritten.length, names: rewritten.slice(0, NAMES_MAX) },
});
