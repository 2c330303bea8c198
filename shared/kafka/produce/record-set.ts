import type { TopicRecord } from '../topic-record.ts';
import { RecordBatch } from './record-batch.ts';

/** A partition's share of a send; every topic takes batches of this size. */
const BATCH_BYTES_MAX = 500_000;
/** With a tombstone at its end: every topic takes that, too, and neither the largest key nor what says that it is deleted comes near. */
const BURYING_BYTES_MAX = 1_000_000;
/** Of all partitions together: what may wait or be under way at once is memory. */
const SET_BYTES_MAX = 1_000_000;
/** Buffers that are kept for the next send; beyond it only those of partitions that are written to just now. */
const HELD_BYTES_MAX = 4_194_304;

export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly batch: RecordBatch;
}

/** What goes to Kafka in one send, written as it comes. Used again and again by its owner. */
export class RecordSet {
  readonly #topics = new Map<string, (PartitionBatch | undefined)[]>();
  #lastTopic = '';
  #lastPartitions: (PartitionBatch | undefined)[] = [];
  #bytes = 0;
  #count = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Memory behind it, whether filled or not. */
  get heldBytes(): number {
    let sum = 0;
    for (const { batch } of this.#made()) sum += batch.heldBytes;
    return sum;
  }

  /**
   * False, and nothing done, when the record has to go with the next send. A record alone is always taken. A tombstone goes with
   * the deletion in front of it: a process that is frozen between the two would leave it alone behind newer outcomes of its key.
   */
  append(record: TopicRecord): boolean {
    const buries = record.value === null;
    if (this.#bytes >= SET_BYTES_MAX && !buries) return false;
    const { batch } = this.#batchOf(record);
    const before = batch.count === 0 ? 0 : batch.bytes;
    if (before > 0 && before + sizeOf(record) > (buries ? BURYING_BYTES_MAX : BATCH_BYTES_MAX)) return false;
    batch.append(record);
    this.#bytes += batch.bytes - before;
    this.#count++;
    return true;
  }

  *batches(): Generator<PartitionBatch, void, void> {
    for (const one of this.#made()) if (one.batch.count > 0) yield one;
  }

  clear(): void {
    const holdsMuch = this.heldBytes > HELD_BYTES_MAX;
    for (const { batch } of this.#made()) {
      if (batch.count > 0) batch.clear();
      else if (holdsMuch) batch.giveBack();
    }
    this.#bytes = 0;
    this.#count = 0;
  }

  *#made(): Generator<PartitionBatch, void, void> {
    for (const partitions of this.#topics.values()) {
      for (const one of partitions) if (one !== undefined) yield one;
    }
  }

  #batchOf({ topic, partition }: TopicRecord): PartitionBatch {
    // Record after record is of the same topic: only a change of it looks it up.
    if (topic !== this.#lastTopic) {
      let partitions = this.#topics.get(topic);
      if (partitions === undefined) {
        partitions = [];
        this.#topics.set(topic, partitions);
      }
      this.#lastPartitions = partitions;
      this.#lastTopic = topic;
    }
    const found = this.#lastPartitions[partition];
    if (found !== undefined) return found;
    // As a place in the list it would hold records that no send ever finds.
    if (!Number.isInteger(partition) || partition < 0) throw new RangeError('a partition that cannot be');
    const made = { topic, partition, batch: new RecordBatch() };
    this.#lastPartitions[partition] = made;
    return made;
  }
}

/** At most this many bytes; what it takes too many only closes a batch a little earlier. */
function sizeOf({ key, value }: TopicRecord): number {
  const valueBytes = value === null ? 0 : typeof value === 'string' ? 3 * value.length : value.length;
  return valueBytes + 3 * (key?.length ?? 0);
}
