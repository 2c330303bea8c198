import { type ColumnValue, type Row, type RowKey, UNAVAILABLE_VALUE } from '../../shared/contracts/events.ts';
import { formatLsn } from '../../shared/contracts/position.ts';
import { type Decode, decoderOf, type TypeCatalog } from '../../shared/contracts/row-codec.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import type { TopicRecord } from '../../shared/kafka/producer.ts';
import {
  type PgoutputMessage,
  type Relation,
  type Tuple,
  UNCHANGED,
} from '../../shared/postgres/pgoutput.ts';

/** What the catalog and the definition know of a table and its changes do not say. */
export interface CapturedTable {
  readonly topic: string;
  readonly partitions: number;
  /** Columns that name a row, in index order. */
  readonly key: readonly string[];
}

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

interface Shape {
  readonly table: CapturedTable;
  readonly schema: string;
  readonly name: string;
  readonly full: boolean;
  readonly columns: readonly {
    readonly name: string;
    readonly partOfKey: boolean;
    readonly decode: Decode;
  }[];
  readonly version: number;
}

interface Transaction {
  readonly commitLsn: bigint;
  readonly committedAtUs: number;
  readonly xid: number;
  eventIndex: number;
}

type Operation = 'c' | 'u' | 'd' | 't';

/** Turns the messages of a slot into the records of the cdc topics. Pure but for the clock; one per connection. */
export class ChangeEvents {
  readonly #context: CaptureContext;
  readonly #shapes = new Map<number, Shape>();
  #transaction: Transaction | undefined;
  #lastCommitLsn = 0n;

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  /** The records of one message, in the order in which they have to be published. */
  accept(message: PgoutputMessage, lsn: bigint): readonly TopicRecord[] {
    switch (message.tag) {
      case 'begin':
        this.#transaction = {
          commitLsn: message.commitLsn,
          committedAtUs: message.committedAtUs,
          xid: message.xid,
          eventIndex: 0,
        };
        return [];
      case 'commit':
        this.#lastCommitLsn = message.commitLsn;
        this.#transaction = undefined;
        return [];
      case 'relation':
        this.#learn(message);
        return [];
      case 'insert': {
        const shape = this.#shapeOf(message.relationOid);
        const row = rowOf(shape, message.after);
        return [this.#record(shape, 'c', lsn, keyOf(shape, row.values), null, row)];
      }
      case 'update':
        return this.#update(message, lsn);
      case 'delete': {
        const shape = this.#shapeOf(message.relationOid);
        const before = oldRowOf(shape, message.before.tuple, message.before.kind);
        return this.#delete(shape, lsn, before);
      }
      case 'truncate':
        return message.relationOids.flatMap((oid) => this.#truncate(this.#shapeOf(oid), lsn));
      default:
        return [];
    }
  }

  #update(message: PgoutputMessage & { tag: 'update' }, lsn: bigint): readonly TopicRecord[] {
    const shape = this.#shapeOf(message.relationOid);
    const before =
      message.before === undefined ? undefined : oldRowOf(shape, message.before.tuple, message.before.kind);
    const whole = message.before?.kind === 'row' ? before : undefined;
    const after = rowOf(shape, message.after, whole);
    const key = keyOf(shape, after.values);
    if (before !== undefined && !sameKey(keyOf(shape, before), key)) {
      // Another key is another row to every consumer: the old one dies, the new one is made.
      return [...this.#delete(shape, lsn, before), this.#record(shape, 'c', lsn, key, null, after)];
    }
    return [this.#record(shape, 'u', lsn, key, whole ?? null, after)];
  }

  /** The event, then the tombstone that lets Kafka forget the key. */
  #delete(shape: Shape, lsn: bigint, before: Row): readonly TopicRecord[] {
    const event = this.#record(shape, 'd', lsn, keyOf(shape, before), before, undefined);
    return [event, { topic: event.topic, partition: event.partition, key: event.key, value: null }];
  }

  /** To every partition, since it ends all keys; all copies are one event and share their position. */
  #truncate(shape: Shape, lsn: bigint): readonly TopicRecord[] {
    const value = this.#envelope(shape, 't', lsn, null, undefined);
    const { topic, partitions } = shape.table;
    return Array.from({ length: partitions }, (_, partition) => ({ topic, partition, key: '{}', value }));
  }

  #record(
    shape: Shape,
    operation: Operation,
    lsn: bigint,
    key: RowKey,
    before: Row | null,
    after: DecodedRow | undefined,
  ): TopicRecord {
    const keyText = JSON.stringify(key);
    return {
      topic: shape.table.topic,
      partition: partitionOf(keyText, shape.table.partitions),
      key: keyText,
      value: this.#envelope(shape, operation, lsn, before, after),
    };
  }

  #envelope(
    shape: Shape,
    op: Operation,
    lsn: bigint,
    before: Row | null,
    after: DecodedRow | undefined,
  ): string {
    const transaction = this.#transaction;
    if (transaction === undefined) throw new Fault('unknown', 'protocol', 'a row outside a transaction');
    const { pipeline, database, version, epoch, nowMs } = this.#context;
    const builtAtMs = nowMs();
    return JSON.stringify({
      before,
      after: after?.values ?? null,
      op,
      ts_ms: Math.trunc(builtAtMs),
      ts_us: Math.trunc(builtAtMs * 1000),
      source: {
        epoch,
        commit_lsn: formatLsn(transaction.commitLsn),
        event_index: transaction.eventIndex++,
        connector: 'postgresql',
        version,
        name: pipeline,
        db: database,
        schema: shape.schema,
        table: shape.name,
        snapshot: 'false',
        ts_ms: Math.trunc(transaction.committedAtUs / 1000),
        ts_us: transaction.committedAtUs,
        txId: transaction.xid,
        lsn: Number(lsn),
        sequence: JSON.stringify([String(this.#lastCommitLsn), String(lsn)]),
        ...(after === undefined || after.unchanged.length === 0 ? {} : { unchanged: after.unchanged }),
        schema_version: shape.version,
      },
    });
  }

  #learn(relation: Relation): void {
    const name = `${relation.schema}.${relation.name}`;
    const table = this.#context.tables.get(name);
    if (table === undefined) {
      throw new Fault(
        'set_up',
        'unexpected_table',
        `the publication holds ${name}, which is no source of the definition`,
      );
    }
    const known = this.#shapes.get(relation.oid);
    const columns = relation.columns.map((column) => ({
      name: column.name,
      partOfKey: column.partOfKey,
      decode: decoderOf(column.typeOid, this.#context.types),
    }));
    const missing = table.key.find((column) => !columns.some((candidate) => candidate.name === column));
    if (missing !== undefined) {
      throw new Fault(
        'set_up',
        'key_not_published',
        `key column ${missing} of ${name} is not in the publication`,
      );
    }
    const changed = known !== undefined && !sameNames(known.columns, columns);
    this.#shapes.set(relation.oid, {
      table,
      schema: relation.schema,
      name: relation.name,
      full: relation.replicaIdentity === 'full',
      columns,
      version: (known?.version ?? 1) + (changed ? 1 : 0),
    });
  }

  #shapeOf(oid: number): Shape {
    const shape = this.#shapes.get(oid);
    if (shape === undefined)
      throw new Fault('unknown', 'protocol', `a row of relation ${oid} before its description`);
    return shape;
  }
}

interface DecodedRow {
  readonly values: Row;
  /** Columns that hold the placeholder. */
  readonly unchanged: readonly string[];
}

/** Under REPLICA IDENTITY FULL the old row has the values that the new one leaves out. */
function rowOf(shape: Shape, tuple: Tuple, before?: Row): DecodedRow {
  const values: Record<string, ColumnValue> = {};
  const unchanged: string[] = [];
  for (const [index, column] of shape.columns.entries()) {
    const value = tuple[index];
    if (value === null || value === undefined) values[column.name] = null;
    else if (value !== UNCHANGED) values[column.name] = column.decode(value);
    else if (before !== undefined && column.name in before) values[column.name] = before[column.name] ?? null;
    else {
      values[column.name] = UNAVAILABLE_VALUE;
      unchanged.push(column.name);
    }
  }
  return { values, unchanged };
}

/** Of a key tuple only the key columns mean anything: the others are null because they were not sent. */
function oldRowOf(shape: Shape, tuple: Tuple, kind: 'key' | 'row'): Row {
  const values: Record<string, ColumnValue> = {};
  for (const [index, column] of shape.columns.entries()) {
    if (kind === 'key' && !column.partOfKey) continue;
    const value = tuple[index];
    if (value === UNCHANGED) continue;
    values[column.name] = value === null || value === undefined ? null : column.decode(value);
  }
  return values;
}

function keyOf(shape: Shape, row: Row): RowKey {
  const key: Record<string, boolean | number | string> = {};
  for (const name of shape.table.key) {
    const value = row[name];
    const plain = typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string';
    if (!plain || value === UNAVAILABLE_VALUE) {
      throw new Fault(
        'undecodable',
        'key',
        `key column ${name} of ${shape.schema}.${shape.name} has no plain value`,
      );
    }
    key[name] = value;
  }
  return key;
}

function sameKey(a: RowKey, b: RowKey): boolean {
  return Object.keys(b).every((name) => a[name] === b[name]);
}

function sameNames(a: readonly { name: string }[], b: readonly { name: string }[]): boolean {
  return a.length === b.length && a.every(({ name }, index) => name === b[index]?.name);
}
