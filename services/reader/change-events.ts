import type { TypeCatalog } from '../../shared/contracts/row-codec.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import type { TopicRecord } from '../../shared/kafka/producer.ts';
import {
  type PgoutputMessage,
  type Relation,
  type Tuple,
  UNCHANGED,
} from '../../shared/postgres/pgoutput.ts';
import { type EventPart, envelope, type TransactionPart, tablePart, transactionPart } from './envelope.ts';
import {
  type CapturedTable,
  type TableShape,
  tableShape,
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
  readonly types: TypeCatalog;
  readonly nowMs: () => number;
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
  readonly #shapes = new Map<number, TableShape>();
  #transaction: Transaction | undefined;
  #previousCommitLsn = 0n;

  constructor(context: CaptureContext) {
    this.#context = context;
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
      case 'relation':
        this.#learn(message);
        return NONE;
      case 'insert': {
        const shape = this.#shapeOf(message.relationOid);
        return [this.#row(shape, 'c', lsn, message.after)];
      }
      case 'update':
        return this.#update(message, lsn);
      case 'delete': {
        const { relationOid, before } = message;
        return this.#delete(this.#shapeOf(relationOid), lsn, before.tuple, before.kind);
      }
      case 'truncate':
        return message.relationOids.flatMap((oid) => this.#truncate(this.#shapeOf(oid), lsn));
      default:
        return NONE;
    }
  }

  #update(message: PgoutputMessage & { tag: 'update' }, lsn: number): readonly TopicRecord[] {
    const shape = this.#shapeOf(message.relationOid);
    const { before, after } = message;
    if (before === undefined) return [this.#row(shape, 'u', lsn, after)];
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
    operation: 'c' | 'u',
    lsn: number,
    tuple: Tuple,
    old?: Tuple,
    showsOld = old !== undefined,
  ): TopicRecord {
    const after = writeRow(shape, tuple, old);
    const before = showsOld && old !== undefined ? writeOldRow(shape, old, 'row') : 'null';
    return this.#record(shape, writeKey(shape, tuple, old), {
      operation,
      before,
      after: after.json,
      lsn,
      unchanged: after.unchanged,
    });
  }

  /** The event, then the tombstone that lets Kafka forget the key. */
  #delete(shape: TableShape, lsn: number, old: Tuple, kind: 'key' | 'row'): readonly TopicRecord[] {
    const before = writeOldRow(shape, old, kind);
    const event = { operation: 'd', before, after: 'null', lsn, unchanged: NO_COLUMNS } as const;
    const record = this.#record(shape, writeKey(shape, old), event);
    return [record, { topic: record.topic, partition: record.partition, key: record.key, value: null }];
  }

  /** To every partition, since it ends all keys; all copies are one event and share their position. */
  #truncate(shape: TableShape, lsn: number): readonly TopicRecord[] {
    const event = { operation: 't', before: 'null', after: 'null', lsn, unchanged: NO_COLUMNS } as const;
    const value = this.#envelope(shape, event);
    const { topic, partitions } = shape.table;
    return Array.from({ length: partitions }, (_, partition) => ({ topic, partition, key: '{}', value }));
  }

  #record(shape: TableShape, key: string, event: RowEvent): TopicRecord {
    const { topic, partitions } = shape.table;
    return { topic, partition: partitionOf(key, partitions), key, value: this.#envelope(shape, event) };
  }

  #envelope(shape: TableShape, event: RowEvent): string {
    const transaction = this.#transaction;
    if (transaction === undefined) throw new Fault('unknown', 'protocol', 'a row outside a transaction');
    const builtAtMs = this.#context.nowMs();
    const eventIndex = transaction.eventIndex++;
    return envelope(shape.part, transaction.part, { ...event, builtAtMs, eventIndex, omitted: NO_COLUMNS });
  }

  #learn(relation: Relation): void {
    const name = `${relation.schema}.${relation.name}`;
    const { tables, types, pipeline, database, version } = this.#context;
    const table = tables.get(name);
    if (table === undefined) {
      throw new Fault(
        'set_up',
        'unexpected_table',
        `the publication holds ${name}, which is no source of the definition`,
      );
    }
    const known = this.#shapes.get(relation.oid);
    const isChanged = known !== undefined && !sameNames(known.columns, relation.columns);
    const schemaVersion = (known?.part.schemaVersion ?? 1) + (isChanged ? 1 : 0);
    const { schema, name: tableName } = relation;
    const part = tablePart({ pipeline, database, version, schema, table: tableName, schemaVersion });
    this.#shapes.set(relation.oid, tableShape(relation, table, types, part));
  }

  #shapeOf(oid: number): TableShape {
    const shape = this.#shapes.get(oid);
    if (shape === undefined)
      throw new Fault('unknown', 'protocol', `a row of relation ${oid} before its description`);
    return shape;
  }
}

type RowEvent = Pick<EventPart, 'operation' | 'before' | 'after' | 'lsn' | 'unchanged'>;

function sameNames(a: readonly { name: string }[], b: readonly { name: string }[]): boolean {
  return a.length === b.length && a.every(({ name }, index) => name === b[index]?.name);
}
