import type { PartitionLag } from '../kafka/admin.ts';

/** Why records of a partition never reach the group. */
export type LossKind =
  /** Kafka threw records away that the group had not taken. */
  | 'behind_log_start'
  /** Kafka does not know the group any more, and we do. */
  | 'offset_missing'
  /** The topic ends before what the group took: it is not the one that it was. */
  | 'beyond_log_end';

export interface OffsetLoss {
  readonly topic: string;
  readonly partition: number;
  readonly kind: LossKind;
  /** Where the group goes on. */
  readonly logStart: bigint;
  /** Where it had come to. */
  readonly reached: bigint;
}

/**
 * Pure: what is lost between what a group committed and what the log still has; `known`: as the database remembers, which a
 * recorded loss sets to the log's start. A group that was never seen begins at the beginning and loses nothing.
 */
export function lossOf(lag: PartitionLag, known: bigint | undefined): OffsetLoss | undefined {
  const { topic, partition, low, high, committed } = lag;
  const loss = (kind: LossKind, reached: bigint): OffsetLoss => ({
    topic,
    partition,
    kind,
    logStart: low,
    reached,
  });
  if (committed === undefined) return known === undefined ? undefined : loss('offset_missing', known);
  if (committed < low)
    return known === undefined || known < low ? loss('behind_log_start', committed) : undefined;
  if (committed > high)
    return known === undefined || known > high ? loss('beyond_log_end', committed) : undefined;
  return undefined;
}
