// What became of the partitions of a table since they were last seen. Pure.
import type { Partition, PartitionedTable } from '../../../shared/postgres/partitions.ts';
import type { RememberedPartition, RememberedTable } from '../../../shared/side-tables/partitions.ts';

export interface PartitionDifference {
  /** New, or away in between: then it is among the removed, too. */
  readonly attached: readonly Partition[];
  readonly removed: readonly RememberedPartition[];
  readonly rewritten: readonly RememberedPartition[];
  /** There now, and the log told of rows from before they were found. Whether they still have those, nobody can tell. */
  readonly foundLate: readonly Partition[];
}

export function partitionDifference(before: RememberedTable, now: PartitionedTable): PartitionDifference {
  const earlier = new Map(before.partitions.map((partition) => [partition.oid, partition]));
  const later = new Map(now.partitions.map((partition) => [partition.oid, partition]));
  const stayed = (a: Partition, b: Partition | undefined): boolean => a.placed === b?.placed;
  return {
    attached: now.partitions.filter((partition) => !stayed(partition, earlier.get(partition.oid))),
    removed: before.partitions.filter((partition) => {
      const found = later.get(partition.oid);
      return partition.foundLsn === null ? found === undefined : !stayed(partition, found);
    }),
    rewritten: before.partitions.filter((partition) => {
      const found = later.get(partition.oid);
      return stayed(partition, found) && partition.file !== found?.file;
    }),
    foundLate: now.partitions.filter(({ oid }) => earlier.get(oid)?.isLate === true),
  };
}

/** Another table under the same name is no maintenance: a table that was made again halts the reader, and is repaired whole. */
export const isSameTable = (before: RememberedTable, now: PartitionedTable): boolean =>
  before.oid === now.oid;

export const isDifferent = (before: RememberedTable, now: PartitionedTable): boolean =>
  !isSameTable(before, now) ||
  Object.values(partitionDifference(before, now)).some(({ length }) => length > 0);

/** Beyond this a statement costs more to plan than it saves. */
export const CONDITIONS_MAX = 200;

/** Holds for every row that one of them could have; null: no condition that is worth it. */
export function anyOf(conditions: readonly (string | null)[], countAll: number): string | null {
  const known = conditions.filter((condition) => condition !== null);
  const isAll = conditions.length >= countAll;
  if (known.length < conditions.length || isAll || known.length > CONDITIONS_MAX) return null;
  return known.map((condition) => `(${condition})`).join(' or ');
}

/**
 * As long as it is remembered, the condition has to hold for every row that ever was in there; and what it names must not
 * be gone: that of a hash partition names the table it is a partition of by its number.
 */
export const lastingCondition = ({ isDefault }: Partition, condition: string | null): string | null =>
  isDefault || condition?.includes('satisfies_hash_partition') === true ? null : condition;
