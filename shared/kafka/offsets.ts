import { ContiguousPrefix } from '../progress/contiguous-prefix.ts';

/** The partitions of one membership; a rebalance ends it, and everything that was fetched under it. */
export interface Assignment {
  readonly current: boolean;
}

export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly assignment: Assignment;
}

/** How a broker took a record: neither grows less from one record of a partition to the next, except where a clock is set back. */
export interface Appended {
  readonly leaderEpoch: number;
  readonly timestampMs: number;
}

export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  /** The next offset wanted, as Kafka counts. */
  readonly offset: string;
}

export interface UncommittedStretch {
  readonly topic: string;
  readonly partition: number;
  readonly first: bigint;
}

interface PartitionProgress {
  readonly topic: string;
  readonly partition: number;
  readonly prefix: ContiguousPrefix;
  /** The first that this membership took up. */
  readonly first: bigint;
  newest: bigint;
  committed: bigint;
  /** The latest of those taken up. */
  epochMax: number;
  timestampMaxMs: number;
  /** Where the log was found to be another one. */
  beginsAgainAt: bigint | undefined;
}

/** Before every offset, and before what stands before the first one. */
const NOTHING = -2n;
const NEVER: Appended = { leaderEpoch: -1, timestampMs: -1 };

/** Which offsets may be committed while records finish out of order: one contiguous prefix per partition. */
export class OffsetTracker {
  #assignment: Assignment | undefined;
  #partitions = new Map<string, PartitionProgress>();

  /** False for a record that this membership has already started: after an error the client may fetch it once more. */
  start(record: RecordPlace, appended: Appended = NEVER): boolean {
    if (record.assignment !== this.#assignment) {
      // Partitions may be someone else's now: what belongs to the old membership is repeated by its new owner.
      this.#assignment = record.assignment;
      this.#partitions = new Map();
    }
    const name = `${record.topic}/${record.partition}`;
    let entry = this.#partitions.get(name);
    if (entry === undefined) {
      const { topic, partition } = record;
      entry = {
        topic,
        partition,
        prefix: new ContiguousPrefix(),
        first: record.offset,
        newest: -1n,
        committed: NOTHING,
        epochMax: -1,
        timestampMaxMs: -1,
        beginsAgainAt: undefined,
      };
      this.#partitions.set(name, entry);
    }
    if (record.offset <= entry.newest) return false;
    entry.newest = record.offset;
    entry.epochMax = Math.max(entry.epochMax, appended.leaderEpoch);
    entry.timestampMaxMs = Math.max(entry.timestampMaxMs, appended.timestampMs);
    entry.prefix.start(record.offset);
    return true;
  }

  /**
   * True for a record with an offset that this membership has taken up already, which was appended later than all that were:
   * Kafka has lost the end of the partition and given its offsets again. Then that is where it has to be begun again.
   */
  hasLostEnd(record: RecordPlace, { leaderEpoch, timestampMs }: Appended): boolean {
    if (record.assignment !== this.#assignment) return false;
    const entry = this.#partitions.get(`${record.topic}/${record.partition}`);
    if (entry === undefined || record.offset > entry.newest) return false;
    if (leaderEpoch <= entry.epochMax && timestampMs <= entry.timestampMaxMs) return false;
    entry.beginsAgainAt ??= record.offset;
    return true;
  }

  finish(records: Iterable<RecordPlace>): void {
    for (const record of records) {
      if (record.assignment !== this.#assignment) continue;
      this.#partitions.get(`${record.topic}/${record.partition}`)?.prefix.finish(record.offset);
    }
  }

  /** What is safe and not committed yet; empty once the membership has ended. */
  movable(): readonly OffsetToCommit[] {
    if (this.#assignment?.current !== true) return [];
    const moved: OffsetToCommit[] = [];
    for (const { topic, partition, prefix, committed, beginsAgainAt } of this.#partitions.values()) {
      if (beginsAgainAt !== undefined) {
        if (committed !== beginsAgainAt - 1n) moved.push({ topic, partition, offset: String(beginsAgainAt) });
        continue;
      }
      const { safe } = prefix;
      if (safe !== undefined && safe > committed) moved.push({ topic, partition, offset: String(safe + 1n) });
    }
    return moved;
  }

  /** Of each partition the first that is not safe, if any was taken up. */
  uncommitted(): readonly UncommittedStretch[] {
    return [...this.#partitions.values()].flatMap(({ topic, partition, prefix, first, newest }) => {
      const next = prefix.safe === undefined ? first : prefix.safe + 1n;
      return next <= newest ? [{ topic, partition, first: next }] : [];
    });
  }

  /** Kafka has these now. */
  committed(offsets: readonly OffsetToCommit[]): void {
    for (const { topic, partition, offset } of offsets) {
      const entry = this.#partitions.get(`${topic}/${partition}`);
      if (entry !== undefined) entry.committed = BigInt(offset) - 1n;
    }
  }
}
