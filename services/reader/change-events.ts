import { ROW_KEY_CHARACTERS_MAX } from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { TopicRecord } from '../../shared/kafka/producer.ts';
import { type PgoutputMessage, type Tuple, UNCHANGED } from '../../shared/postgres/pgoutput.ts';
import { DescribedTables } from './described-tables.ts';
import { type EventPart, envelope, redoEnvelope, type TransactionPart, transactionPart } from './envelope.ts';
import type { ChunkRow, ChunkWindow } from './redo/chunk-window.ts';
import type { RedoAddress } from './redo/open-chunk.ts';
import {
  type CapturedTable,
  columnsToOmit,
  recordOf,
  type TableShape,
  writeKey,
  writeOldRow,
  writeRow,
} from './table-shape.ts';

export interface CaptureContext {
  readonly pipeline: string;
  readonly database: string;
  readonly version: string;
  readonly epoch: number;
  /** By 'schema.table'. */
  readonly tables: ReadonlyMap<string, CapturedTable>;
  readonly nowMs: () => number;
  /** What the cdc topics take. */
  readonly recordBytesMax: number;
}

/** Where changes of a table are told to while its rows are read again. */
export interface ChangeObserver {
  windowFor(schema: string, name: string): ChunkWindow | undefined;
}

interface Transaction {
  readonly part: TransactionPart;
  eventIndex: number;
}

const NONE: readonly TopicRecord[] = [];
const NO_COLUMNS: readonly string[] = [];

/** Turns the messages of a slot into the records of the cdc topics. Pure but for the clock; one per connection. */
export class ChangeEvents {
  readonly #context: CaptureContext;
  readonly #observer: ChangeObserver | undefined;
  readonly tables: DescribedTables;
  #transaction: Transaction | undefined;
  /** JSON of the address while rows read again are written. */
  #redo: string | undefined;
  #previousCommitLsn = 0n;
  #omittedColumns = 0;

  constructor(context: CaptureContext, observer?: ChangeObserver) {
    this.#context = context;
    this.#observer = observer;
    this.tables = new DescribedTables(context, observer);
  }

  /** Row events of the open transaction so far. */
  get eventIndex(): number {
    return this.#transaction?.eventIndex ?? 0;
  }

  /** Columns left out because their row was too large, since this was last asked. */
  takeOmittedColumns(): number {
    const count = this.#omittedColumns;
    this.#omittedColumns = 0;
    return count;
  }

  /** The records of one message, in the order in which they have to be published. `lsn`: where the message stands. */
  accept(message: PgoutputMessage, lsn: number): readonly TopicRecord[] {
    switch (message.tag) {
      case 'begin': {
        const { commitLsn, committedAtUs, xid } = message;
        const { epoch } = this.#context;
        const facts = { epoch, commitLsn, committedAtUs, xid, previousCommitLsn: this.#previousCommitLsn };
        this.#transaction = { part: transactionPart(facts), eventIndex: 0 };
        return NONE;
      }
      case 'commit':
        this.#previousCommitLsn = message.commitLsn;
        this.#transaction = undefined;
        return NONE;
      case 'insert': {
        const shape = this.tables.shapeOf(message.relationOid);
        return shape === undefined ? NONE : [this.#row(shape, 'c', lsn, message.after)];
      }
      case 'update':
        return this.#update(message, lsn);
      case 'delete': {
        const { relationOid, before } = message;
        const shape = this.tables.shapeOf(relationOid);
        return shape === undefined ? NONE : this.#delete(shape, lsn, before.tuple, before.kind);
      }
      case 'truncate':
        return message.relationOids.flatMap((oid) => {
          const shape = this.tables.wholeShapeOf(oid);
          return shape === undefined ? NONE : this.#truncate(shape, lsn);
        });
      default:
        return NONE;
    }
  }

  /** A row that was read again, as it goes out inside the open transaction; one that is not there any more as deleted. */
  redo(relationOid: number, address: RedoAddress, { tuple, keyTuple }: ChunkRow): readonly TopicRecord[] {
    const shape = this.tables.shapeOf(relationOid);
    if (shape === undefined) return NONE;
    this.#redo = JSON.stringify(address);
    try {
      return tuple === undefined
        ? this.#delete(shape, 0, keyTuple, 'key')
        : [this.#row(shape, 'r', 0, tuple)];
    } finally {
      this.#redo = undefined;
    }
  }

  #update(message: PgoutputMessage & { tag: 'update' }, lsn: number): readonly TopicRecord[] {
    const shape = this.tables.shapeOf(message.relationOid);
    if (shape === undefined) return NONE;
    const { before } = message;
    if (before === undefined) return [this.#row(shape, 'u', lsn, message.after)];
    const after = withKey(shape, message.after, before.tuple);
    const whole = before.kind === 'row' ? before.tuple : undefined;
    // Another key is another row to every consumer: the old one dies, the new one is made.
    const isAnotherRow = shape.keyPlaces.some(
      (place) => after[place] !== UNCHANGED && before.tuple[place] !== after[place],
    );
    if (isAnotherRow) {
      return [
        ...this.#delete(shape, lsn, before.tuple, before.kind),
        this.#row(shape, 'c', lsn, after, whole, false),
      ];
    }
    return [this.#row(shape, 'u', lsn, after, whole)];
  }

  #row(
    shape: TableShape,
    operation: 'c' | 'u' | 'r',
    lsn: number,
    tuple: Tuple,
    old?: Tuple,
    showsOld = old !== undefined,
  ): TopicRecord {
    const key = usableKey(writeKey(shape, tuple, old));
    this.#observer?.windowFor(shape.schema, shape.name)?.upserted(key, () => observedRow(shape, tuple, old));
    const after = writeRow(shape, tuple, old);
    const before = showsOld && old !== undefined ? writeOldRow(shape, old, 'row') : 'null';
    const { unchanged } = after;
    const value = this.#envelope(shape, { operation, before, after: after.json, lsn, unchanged });
    const excessBytes = this.#excessBytes(key, value);
    if (excessBytes <= 0) return recordOf(shape, key, value);
    // Too large for the topic: without its largest columns it still says which row changed, and when.
    const omitted = columnsToOmit(shape, tuple, old, excessBytes);
    this.#omittedColumns += omitted.size;
    const lean = writeRow(shape, tuple, old, omitted).json;
    const leanBefore = before === 'null' ? before : writeOldRow(shape, old ?? tuple, 'row', omitted);
    this.#takeBackIndex();
    const event = {
      operation,
      before: leanBefore,
      after: lean,
      lsn,
      unchanged,
      omitted: [...omitted],
    } as const;
    const leanValue = this.#envelope(shape, event);
    if (this.#excessBytes(key, leanValue) <= 0) return recordOf(shape, key, leanValue);
    throw this.#tooLarge('the row is too large for its topic even without its large columns');
  }

  /** The event, then the tombstone that lets Kafka forget the key. */
  #delete(shape: TableShape, lsn: number, old: Tuple, kind: 'key' | 'row'): readonly TopicRecord[] {
    const before = writeOldRow(shape, old, kind);
    const key = usableKey(writeKey(shape, old));
    this.#observer?.windowFor(shape.schema, shape.name)?.deleted(key);
    const event = { operation: 'd', before, after: 'null', lsn, unchanged: NO_COLUMNS } as const;
    let value = this.#envelope(shape, event);
    if (this.#excessBytes(key, value) > 0) {
      this.#takeBackIndex();
      value = this.#envelope(shape, { ...event, before: key });
      if (this.#excessBytes(key, value) > 0) throw this.#tooLarge('the key is too large for its topic');
    }
    const record = recordOf(shape, key, value);
    return [record, { topic: record.topic, partition: record.partition, key: record.key, value: null }];
  }

  /** To every partition, since it ends all keys; all copies are one event and share their position. */
  #truncate(shape: TableShape, lsn: number): readonly TopicRecord[] {
    const event = { operation: 't', before: 'null', after: 'null', lsn, unchanged: NO_COLUMNS } as const;
    this.#observer?.windowFor(shape.schema, shape.name)?.truncated();
    const value = this.#envelope(shape, event);
    const { topic, partitions } = shape.table;
    return Array.from({ length: partitions }, (_, partition) => ({ topic, partition, key: '{}', value }));
  }

  #envelope(shape: TableShape, event: RowEvent): string {
    const transaction = this.#transaction;
    if (transaction === undefined) throw new Fault('unknown', 'protocol', 'a row outside a transaction');
    const builtAtMs = this.#context.nowMs();
    const eventIndex = transaction.eventIndex++;
    const { part } = transaction;
    const whole = { omitted: NO_COLUMNS, ...event, builtAtMs, eventIndex };
    const redo = this.#redo;
    return redo === undefined
      ? envelope(shape.part, part, whole)
      : redoEnvelope(shape.part, part, whole, redo);
  }

  /** What is too much for the topic. A character is at most three bytes, so that most texts need no counting. */
  #excessBytes(key: string, value: string): number {
    const { recordBytesMax } = this.#context;
    if (3 * (key.length + value.length) <= recordBytesMax) return 0;
    return Buffer.byteLength(key) + Buffer.byteLength(value) - recordBytesMax;
  }

  /** Thrown for a row whose envelope was just written: it is parked, and its event is none. */
  #tooLarge(message: string): Fault {
    this.#takeBackIndex();
    return new Fault('undecodable', 'too_large', message);
  }

  /** The envelope just written is thrown away: its event is written once more. */
  #takeBackIndex(): void {
    if (this.#transaction !== undefined) this.#transaction.eventIndex--;
  }
}

/** A key that is stored out of line and was left alone comes with the old row only. */
function withKey({ keyPlaces }: TableShape, after: Tuple, before: Tuple): Tuple {
  if (!keyPlaces.some((place) => after[place] === UNCHANGED)) return after;
  return after.map((value, place) =>
    value === UNCHANGED && keyPlaces.includes(place) ? (before[place] ?? null) : value,
  );
}

/** A longer one would fit into the record of its change, and into none of its outcome: everything behind it would wait for ever. */
function usableKey(key: string): string {
  if (key.length <= ROW_KEY_CHARACTERS_MAX) return key;
  throw new Fault('undecodable', 'too_large', 'the key is too large to be carried by every topic');
}

type RowEvent = Pick<EventPart, 'operation' | 'before' | 'after' | 'lsn' | 'unchanged'> &
  Partial<Pick<EventPart, 'omitted'>>;

/** Under REPLICA IDENTITY FULL the old row has what the new one leaves out. */
function observedRow({ columns }: TableShape, tuple: Tuple, old: Tuple | undefined) {
  return {
    columns: columns.map(({ name }) => name),
    tuple:
      old === undefined
        ? tuple
        : tuple.map((value, place) => (value === UNCHANGED ? (old[place] ?? null) : value)),
  };
}
