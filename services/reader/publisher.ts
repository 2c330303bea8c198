import { intervalByLoad } from '../../shared/batching/interval-by-load.ts';
import { Spacing } from '../../shared/batching/spacing.ts';
import { RecordSet } from '../../shared/kafka/produce/record-set.ts';
import type { RecordProducer, TopicRecord } from '../../shared/kafka/producer.ts';
import { Signal } from '../../shared/lifecycle/signal.ts';

export interface TableCount {
  /** 'schema.table'. */
  readonly table: string;
  /** Only these are asked for an outcome; absent: all that take rows of the table. */
  readonly enrichments?: readonly string[];
  /** Row events, tombstones not counted. */
  published: number;
  /** On the topic of the table: tombstones count, and a truncate in every partition. */
  records: number;
  parked: number;
}

/** A transaction that is read whole: everything that was pushed before it is part of it or older. */
export interface CommitMark {
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
  readonly committedAtUs: number;
  readonly counts: readonly TableCount[];
}

/** `whenConfirmed` runs when everything that was pushed before it is. */
export type Outgoing =
  | { readonly record: TopicRecord }
  | { readonly mark: CommitMark }
  | { readonly whenConfirmed: () => void };

/**
 * A send costs the broker, and everybody who reads it, the same with one row as with a dozen: with one for every commit, most of the
 * processor time of a busy pipeline would go there.
 */
const SEND_INTERVAL = { leastMs: 5, busyMs: 40 };
/** So much is worth a send of its own, whenever the last one was. */
const SENT_AT_ONCE_BYTES = 65_536;
/** Of a transaction whose rows are none of ours, all there is: what it weighs, roughly. */
const MARK_BYTES = 200;

/** One send: what goes out together, and who hears of it afterwards. */
class Shipment {
  readonly set = new RecordSet();
  marks: CommitMark[] = [];
  confirmed: (() => void)[] = [];

  get bytes(): number {
    return this.set.bytes + this.marks.length * MARK_BYTES;
  }

  get isEmpty(): boolean {
    return this.set.count === 0 && this.marks.length === 0 && this.confirmed.length === 0;
  }

  clear(): void {
    this.set.clear();
    this.marks = [];
    this.confirmed = [];
  }
}

/**
 * The one send chain from the slot to Kafka: one send after the other, so that the order of the log is the order of the
 * topics. While a send is under way the next one fills, and for a moment longer when little has come; records are written
 * into it at once, and nothing else holds them.
 */
export class Publisher {
  readonly #producer: RecordProducer;
  readonly #bufferBytesMax: number;
  readonly #spacing: Pick<Spacing, 'turn'>;
  /** Filled, and waiting for their turn. */
  readonly #waiting: Shipment[] = [];
  #filling = new Shipment();
  #spare: Shipment | undefined;
  readonly #arrived = new Signal();
  readonly #taken = new Signal();
  #isClosed = false;
  #isSending = false;
  #sends = 0;
  #failure: unknown;

  /** `bufferBytesMax`: what may wait for its send before `room` holds back. */
  constructor(
    producer: RecordProducer,
    bufferBytesMax: number,
    spacing: Pick<Spacing, 'turn'> = new Spacing(intervalByLoad(SEND_INTERVAL)),
  ) {
    this.#producer = producer;
    this.#spacing = spacing;
    this.#bufferBytesMax = bufferBytesMax;
  }

  get bufferedBytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, this.#filling.bytes);
  }

  /** Sends so far, while everything that was pushed is confirmed. The same number twice: nothing went out in between. */
  get rest(): number | undefined {
    const isAtRest = !this.#isSending && this.#waiting.length === 0 && this.#filling.isEmpty;
    return isAtRest ? this.#sends : undefined;
  }

  push(outgoing: Outgoing): void {
    if (this.#isClosed) return;
    if ('record' in outgoing) this.#append(outgoing.record);
    else if ('mark' in outgoing) this.#filling.marks.push(outgoing.mark);
    else this.#filling.confirmed.push(outgoing.whenConfirmed);
    this.#arrived.give();
  }

  /** Resolves when more may be pushed: holding back here is what slows the slot down. Rejects once a send has failed. */
  async room(): Promise<void> {
    while (!this.#isClosed && this.bufferedBytes >= this.#bufferBytesMax) await this.#taken.wait();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** No more comes; `run` resolves when everything that was pushed is confirmed. */
  close(): void {
    this.#isClosed = true;
    this.#arrived.give();
    this.#taken.give();
  }

  /** Sends until closed and empty. Rejects with the first failed send, after which nothing later is sent. */
  async run(onPublished: (marks: readonly CommitMark[], records: number) => void): Promise<void> {
    try {
      for (;;) {
        if (this.#isSmall) await this.#spacing.turn();
        const shipment = this.#take();
        if (shipment !== undefined) await this.#send(shipment, onPublished);
        else if (this.#isClosed) return;
        else await this.#arrived.wait();
      }
    } catch (error) {
      // Whoever waits for room would wait for ever: nobody takes any more.
      this.#failure = error;
      this.close();
      throw error;
    }
  }

  /** There is something, but not so much that it should go at once. */
  get #isSmall(): boolean {
    return this.#waiting.length === 0 && !this.#filling.isEmpty && this.#filling.bytes < SENT_AT_ONCE_BYTES;
  }

  #append(record: TopicRecord): void {
    if (this.#filling.set.append(record)) return;
    this.#waiting.push(this.#filling);
    this.#filling = this.#spare ?? new Shipment();
    this.#spare = undefined;
    this.#filling.set.append(record);
  }

  #take(): Shipment | undefined {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting;
    if (this.#filling.isEmpty) return undefined;
    const taken = this.#filling;
    this.#filling = this.#spare ?? new Shipment();
    this.#spare = undefined;
    return taken;
  }

  async #send(
    shipment: Shipment,
    onPublished: (marks: readonly CommitMark[], records: number) => void,
  ): Promise<void> {
    this.#taken.give();
    this.#isSending = true;
    this.#sends++;
    const { set, marks, confirmed } = shipment;
    if (set.count > 0) await this.#producer.sendSet(set);
    onPublished(marks, set.count);
    for (const tell of confirmed) tell();
    shipment.clear();
    this.#spare = shipment;
    this.#isSending = false;
  }
}
