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
}

/** Which offsets may be committed while records finish out of order: one contiguous prefix per partition. */
export class OffsetTracker {
  #assignment: Assignment | undefined;
  #partitions = new Map<string, PartitionProgress>();

  /** False for a record that this membership has already started: after an error the client may fetch it once more. */
  start(record: RecordPlace): boolean {
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
        committed: -1n,
      };
      this.#partitions.set(name, entry);
    }
    if (record.offset <= entry.newest) return false;
    entry.newest = record.offset;
    entry.prefix.start(record.offset);
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
    for (const { topic, partition, prefix, committed } of this.#partitions.values()) {
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
