import { setImmediate } from 'node:timers/promises';
import type { QueueLimits } from '../../shared/batching/bounded-queue.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { Assignment } from '../../shared/kafka/offsets.ts';
import { KeyOrder } from './key-order.ts';

interface RowOfRecord {
  readonly prepared: { readonly record: FetchedRecord };
}

/** What one membership has in flight; a rebalance ends it, and whoever has the partitions then begins anew. */
interface Membership<Row extends object> {
  readonly assignment: Assignment;
  readonly order: KeyOrder<Row>;
  rows: number;
  bytes: number;
  /** Of the bytes, what was read for incomplete rows, or is going to be. */
  readonly readBytes: Map<FetchedRecord, number>;
  /** Of the rows, those whose outcome is not known. */
  open: number;
  /** Rows, but for those that were waited for long enough: these wait for others themselves. */
  readonly awaited: Set<FetchedRecord>;
  /** A row of it got no outcome here: it is ending, and what stands behind such a row is never released. */
  hasDiscarded: boolean;
}

/** Exactly one of `settle` and `discard` is to be called. */
export interface Settlement<Row> {
  /** So much was read for an incomplete row. */
  completed(bytes: number): void;
  settle(row: Row): void;
  /** It gets no outcome here: what comes behind it in its key waits, and comes again with it. */
  discard(): void;
}

/** What the objects around a record cost beside its bytes, roughly. */
const ROW_OVERHEAD_BYTES = 1_000;
/**
 * What an incomplete row is taken for until it is read: as much as the largest of late, and at first more than most have, since
 * a value that was left out of a change may be long.
 */
const UNREAD_FIRST_BYTES = 1_048_576;
const UNREAD_FORGOTTEN = 0.9;
/** A membership ends without a word to those who wait here. */
const LOOK_INTERVAL_MS = 500;

const bytesOf = ({ key, value }: FetchedRecord): number =>
  (key?.length ?? 0) + (value?.length ?? 0) + ROW_OVERHEAD_BYTES;

/** Rows between their arrival and their publication: bounded by rows and bytes, released in the order of their keys. */
export class RowsInFlight<Row extends RowOfRecord> {
  readonly #limits: QueueLimits;
  #membership: Membership<Row> | undefined;
  #released: Row[] = [];
  #unreadBytes = UNREAD_FIRST_BYTES;
  #isComplete = false;
  #failure: { readonly error: unknown } | undefined;
  #isAwaited = false;
  #changed = Promise.withResolvers<void>();

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    const current = this.#current;
    if (current === undefined || current.hasDiscarded) return false;
    return current.rows >= this.#limits.rowsMax || current.bytes >= this.#limits.bytesMax;
  }

  /** How many rows may be added, once there is room; 0 when rows have failed meanwhile. */
  async room(): Promise<number> {
    while (this.#failure === undefined) {
      if (!this.isFull) return Math.max(1, this.#limits.rowsMax - (this.#current?.rows ?? 0));
      await this.#change();
    }
    return 0;
  }

  /** Resolves when everything added has been published or discarded. What has not after `waitMaxMs` is not waited for again. */
  async empty(waitMaxMs: number): Promise<void> {
    const deadlineMs = performance.now() + waitMaxMs;
    while (this.#failure === undefined) {
      const current = this.#current;
      if (current === undefined || current.hasDiscarded || current.awaited.size === 0) return;
      if (performance.now() >= deadlineMs) current.awaited.clear();
      else await this.#change();
    }
  }

  /** Without a key the row is a barrier in its partition. */
  add(record: FetchedRecord, key: string | undefined, isIncomplete: boolean): Settlement<Row> {
    const membership = this.#of(record.assignment);
    membership.rows++;
    membership.open++;
    membership.awaited.add(record);
    membership.bytes += bytesOf(record);
    if (isIncomplete) this.#read(membership, record, this.#unreadBytes);
    const place = membership.order.add(record.partition, key);
    return {
      completed: (bytes) => {
        this.#unreadBytes = Math.max(bytes, this.#unreadBytes * UNREAD_FORGOTTEN);
        this.#read(membership, record, bytes);
        this.#hasChanged();
      },
      settle: (row) => {
        membership.open--;
        const released = membership.order.settle(place, row);
        if (membership.assignment.current) for (const each of released) this.#released.push(each);
        this.#hasChanged();
      },
      discard: () => {
        membership.open--;
        membership.hasDiscarded = true;
        this.#leave(membership, record);
        this.#hasChanged();
      },
    };
  }

  /** Whoever waits for rows gets the error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#hasChanged();
  }

  /** No more rows are added. */
  complete(): void {
    this.#isComplete = true;
    this.#hasChanged();
  }

  /** What may be published now, in the right order for every key; empty once everything is complete. */
  async take(rowsMax: number): Promise<readonly Row[]> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const taken = this.#released
        .splice(0, rowsMax)
        .filter(({ prepared }) => prepared.record.assignment.current);
      if (taken.length > 0) return taken;
      if (this.#released.length > 0) continue;
      if (this.#isComplete && (this.#current?.open ?? 0) === 0) return [];
      await this.#change();
    }
  }

  published(rows: readonly Row[]): void {
    for (const { record } of rows.map(({ prepared }) => prepared)) {
      const membership = this.#membership;
      if (membership?.assignment === record.assignment) this.#leave(membership, record);
    }
    this.#hasChanged();
  }

  /** undefined also once a membership is over: nothing of it is waited for. */
  get #current(): Membership<Row> | undefined {
    return this.#membership?.assignment.current === true ? this.#membership : undefined;
  }

  #of(assignment: Assignment): Membership<Row> {
    if (this.#membership?.assignment !== assignment) {
      this.#membership = {
        assignment,
        order: new KeyOrder(),
        rows: 0,
        bytes: 0,
        readBytes: new Map(),
        open: 0,
        awaited: new Set(),
        hasDiscarded: false,
      };
    }
    return this.#membership;
  }

  #read(membership: Membership<Row>, record: FetchedRecord, bytes: number): void {
    membership.bytes += bytes - (membership.readBytes.get(record) ?? 0);
    membership.readBytes.set(record, bytes);
  }

  #leave(membership: Membership<Row>, record: FetchedRecord): void {
    membership.rows--;
    membership.awaited.delete(record);
    membership.bytes -= bytesOf(record) + (membership.readBytes.get(record) ?? 0);
    membership.readBytes.delete(record);
  }

  #hasChanged(): void {
    if (!this.#isAwaited) return;
    this.#isAwaited = false;
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  async #change(): Promise<void> {
    this.#isAwaited = true;
    const timer = setTimeout(() => this.#hasChanged(), LOOK_INTERVAL_MS);
    await this.#changed.promise;
    clearTimeout(timer);
    // What else the same answer settles goes out with it.
    await setImmediate();
  }
}
