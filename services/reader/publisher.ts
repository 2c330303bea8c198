import { BoundedQueue } from '../../shared/batching/bounded-queue.ts';
import { bytesOf, type RecordProducer, type TopicRecord } from '../../shared/kafka/producer.ts';

export interface TableCount {
  /** 'schema.table'. */
  readonly table: string;
  /** Row events, tombstones not counted. */
  published: number;
  parked: number;
}

/** A transaction that is read whole: everything before it in the queue is part of it or older. */
export interface CommitMark {
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
  readonly committedAtUs: number;
  readonly counts: readonly TableCount[];
}

/** `whenConfirmed` runs when everything before it in the queue is. */
export type Outgoing =
  | { readonly record: TopicRecord }
  | { readonly mark: CommitMark }
  | { readonly whenConfirmed: () => void };

export interface PublisherLimits {
  /** Records waiting for their send. */
  readonly bufferBytesMax: number;
  /** Of one send, objects included; what a partition may get at once is the producer's business. */
  readonly sendBytesMax: number;
  readonly sendRowsMax: number;
}

/** What the objects weigh beside their bytes, roughly. */
const OBJECT_BYTES = 300;
const ROOM_WAIT_MAX_MS = 1_000;

/**
 * The one send chain from the slot to Kafka: one send after the other, so that the order of the log is the order of the
 * topics. While a send is under way the next one fills.
 */
export class Publisher {
  readonly #queue: BoundedQueue<Outgoing>;
  readonly #limits: PublisherLimits;
  readonly #producer: RecordProducer;
  #failure: unknown;

  constructor(producer: RecordProducer, limits: PublisherLimits) {
    this.#producer = producer;
    this.#limits = limits;
    this.#queue = new BoundedQueue(
      { rowsMax: Number.MAX_SAFE_INTEGER, bytesMax: limits.bufferBytesMax },
      bytesOfOutgoing,
    );
  }

  get bufferedBytes(): number {
    return this.#queue.bytes;
  }

  push(outgoing: Outgoing): void {
    this.#queue.push(outgoing);
  }

  /** Resolves when more may be pushed: holding back here is what slows the slot down. Rejects once a send has failed. */
  async room(): Promise<void> {
    while (this.#queue.full && !this.#queue.closed) await this.#queue.roomAgain(ROOM_WAIT_MAX_MS);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** No more comes; `run` resolves when everything that was pushed is confirmed. */
  close(): void {
    this.#queue.close();
  }

  /** Sends until closed and empty. Rejects with the first failed send, after which nothing later is sent. */
  async run(onPublished: (marks: readonly CommitMark[], records: number) => void): Promise<void> {
    try {
      await this.#sendAll(onPublished);
    } catch (error) {
      // Whoever waits for room would wait for ever: nobody takes from the queue any more.
      this.#failure = error;
      this.#queue.close();
      throw error;
    }
  }

  async #sendAll(onPublished: (marks: readonly CommitMark[], records: number) => void): Promise<void> {
    const { sendBytesMax, sendRowsMax } = this.#limits;
    for (;;) {
      const batch = await this.#queue.take({ rowsMax: sendRowsMax, bytesMax: sendBytesMax, waitMaxMs: 0 });
      if (batch.length === 0) return;
      const records: TopicRecord[] = [];
      const marks: CommitMark[] = [];
      const confirmed: (() => void)[] = [];
      for (const outgoing of batch) {
        if ('record' in outgoing) records.push(outgoing.record);
        else if ('mark' in outgoing) marks.push(outgoing.mark);
        else confirmed.push(outgoing.whenConfirmed);
      }
      await this.#producer.send(records);
      onPublished(marks, records.length);
      for (const tell of confirmed) tell();
    }
  }
}

function bytesOfOutgoing(outgoing: Outgoing): number {
  return 'record' in outgoing ? bytesOf(outgoing.record) + OBJECT_BYTES : OBJECT_BYTES;
}
