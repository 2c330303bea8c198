import type { Notice } from '../../shared/contracts/events.ts';
import { instantFromMilliseconds } from '../../shared/contracts/instant.ts';
import { formatLsn } from '../../shared/contracts/position.ts';
import { noticesTopic } from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { captureLetterRecord, failureOf } from '../../shared/kafka/dead-letters.ts';
import type { TopicRecord } from '../../shared/kafka/producer.ts';
import type { PgoutputMessage, RowMessage } from '../../shared/postgres/pgoutput.ts';
import type { Received } from '../../shared/postgres/replication.ts';
import type { CaptureContext, ChangeEvents } from './change-events.ts';
import { HEARTBEAT_PREFIX } from './heartbeat.ts';
import { bringsExcluded, bytesOfMessage, bytesOfRow } from './parked-bytes.ts';
import { keysOfMessage, keysOfRow, type ParkedKeys, UNNAMED } from './parked-keys.ts';
import type { CommitMark, Outgoing, TableCount } from './publisher.ts';
import type { PassedChunk } from './redo/open-chunk.ts';
import type { SlotProgress } from './slot-progress.ts';

export interface CaptureSink {
  push(outgoing: Outgoing): void;
  heartbeat(content: Buffer): void;
}

interface Parked {
  readonly raw: Buffer;
  readonly relationOid: number | undefined;
  readonly fault: Fault;
  readonly keys: ParkedKeys;
  readonly rowIndex?: number;
  /** Only how long it is and its hash are archived. */
  readonly isWithheld?: boolean;
}

type Change = Extract<Received, { kind: 'change' }>;

/** pgoutput's letters for row messages: only those may be parked, everything else carries the protocol itself. */
const ROW_MESSAGES = new Set(['I', 'U', 'D', 'T']);

/** What arrives from the slot, as what goes to Kafka: rows, what cannot be decoded, and where each transaction ends. */
export class Capture {
  readonly #context: CaptureContext;
  readonly #events: ChangeEvents;
  readonly #progress: SlotProgress;
  readonly #sink: CaptureSink;
  #commitLsn = 0n;
  #committedAtUs = 0;
  #messageIndex = 0;
  #counts: TableCount[] = [];
  #isOpen = false;

  constructor(context: CaptureContext, events: ChangeEvents, progress: SlotProgress, sink: CaptureSink) {
    this.#context = context;
    this.#events = events;
    this.#progress = progress;
    this.#sink = sink;
  }

  /** Of the open transaction. */
  get commitLsn(): bigint {
    return this.#commitLsn;
  }

  /** In the middle of a transaction. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  accept(received: Received): void {
    if (received.kind === 'keepalive') this.#progress.keepalive(received.lsn);
    else if (received.kind === 'undecodable') this.#undecodable(received.raw);
    else this.#message(received);
  }

  notify(notice: Notice): void {
    const topic = noticesTopic(this.#context.pipeline);
    this.#sink.push({ record: { topic, partition: 0, key: notice.kind, value: JSON.stringify(notice) } });
  }

  /** Rows read again, inside the transaction of their high watermark. */
  redo({ relation, redo, rows }: PassedChunk): void {
    const table = `${relation.schema}.${relation.name}`;
    for (const [rowIndex, row] of rows.entries()) {
      try {
        const records = this.#events.redo(relation.oid, redo, row);
        for (const record of records) this.#sink.push({ record });
        this.#count(table, { published: 1, records: records.length }, redo.enrichments);
      } catch (error) {
        const fault = undecodable(error);
        const shape = this.#events.tables.shapeOf(relation.oid);
        const raw = bytesOfRow(shape, row);
        const keys = shape === undefined ? UNNAMED : keysOfRow(shape, row);
        this.#park({ raw, relationOid: relation.oid, fault, keys, rowIndex });
      }
    }
  }

  #message({ message, lsn }: Change): void {
    this.#messageIndex++;
    switch (message.tag) {
      case 'begin':
        this.#begin(message);
        break;
      case 'commit':
        this.#commit(message);
        break;
      case 'message':
        if (message.prefix === HEARTBEAT_PREFIX) this.#sink.heartbeat(message.content);
        break;
      case 'insert':
      case 'update':
      case 'delete':
      case 'truncate':
        this.#rows(message, lsn);
        break;
      default:
        this.#events.accept(message, lsn);
    }
  }

  #begin(message: PgoutputMessage & { tag: 'begin' }): void {
    this.#isOpen = true;
    this.#progress.begin();
    this.#commitLsn = message.commitLsn;
    this.#committedAtUs = message.committedAtUs;
    this.#messageIndex = 0;
    this.#counts = [];
    this.#events.accept(message, 0);
  }

  #commit(message: PgoutputMessage & { tag: 'commit' }): void {
    this.#events.accept(message, 0);
    this.#progress.commit(message.commitEndLsn);
    const mark: CommitMark = {
      commitLsn: this.#commitLsn,
      endLsn: message.commitEndLsn,
      committedAtUs: this.#committedAtUs,
      counts: this.#counts,
    };
    this.#sink.push({ mark });
    this.#isOpen = false;
  }

  #rows(message: RowMessage, lsn: number): void {
    const before = this.#events.eventIndex;
    let records: readonly TopicRecord[];
    try {
      records = this.#events.accept(message, lsn);
    } catch (error) {
      const fault = undecodable(error);
      const relationOid = tableOid(message);
      const shape = relationOid === undefined ? undefined : this.#events.tables.shapeOf(relationOid);
      const keys = shape === undefined ? UNNAMED : keysOfMessage(shape, message);
      this.#park({ raw: bytesOfMessage(shape, message), relationOid, fault, keys });
      return;
    }
    for (const record of records) this.#sink.push({ record });
    if (message.tag === 'truncate') this.#truncated(message.relationOids, before);
    else if (records.length > 0) {
      const table = this.#events.tables.nameOf(message.relationOid) ?? '';
      this.#count(table, { published: this.#events.eventIndex - before, records: records.length });
    }
  }

  #truncated(relationOids: readonly number[], firstIndex: number): void {
    const { tables } = this.#events;
    const whole = relationOids.filter((oid) => tables.wholeShapeOf(oid) !== undefined);
    for (const [place, oid] of whole.entries()) {
      const table = tables.nameOf(oid) ?? '';
      this.#count(table, { published: 1, records: tables.wholeShapeOf(oid)?.table.partitions ?? 0 });
      this.notify({
        kind: 'truncate',
        at: this.#now(),
        pipeline: this.#context.pipeline,
        table,
        epoch: this.#context.epoch,
        commit_lsn: formatLsn(this.#commitLsn),
        event_index: firstIndex + place,
      });
    }
  }

  #undecodable(raw: Buffer): void {
    this.#messageIndex++;
    if (!ROW_MESSAGES.has(String.fromCharCode(raw[0] ?? 0))) {
      throw new Fault('unknown', 'protocol', 'a message of the replication protocol could not be read');
    }
    const oid = raw.length >= 5 && raw[0] !== TRUNCATE ? raw.readUInt32BE(1) : undefined;
    if (oid !== undefined && this.#events.tables.isForeign(oid)) return;
    const fault = new Fault('undecodable', 'message', 'the change could not be decoded');
    const shape = oid === undefined ? undefined : this.#events.tables.knownShapeOf(oid);
    // Where in these bytes an excluded column is, nobody can tell.
    const isWithheld = shape !== undefined && bringsExcluded(shape);
    this.#park({ raw, relationOid: oid, fault, keys: UNNAMED, isWithheld });
  }

  /** Kept byte for byte but for excluded columns, said aloud, and the stream goes on. */
  #park({ raw, relationOid, fault, keys, rowIndex, isWithheld }: Parked): void {
    const { pipeline } = this.#context;
    const table = relationOid === undefined ? null : (this.#events.tables.nameOf(relationOid) ?? null);
    const commitLsn = formatLsn(this.#commitLsn);
    const letter = captureLetterRecord({
      pipeline,
      table,
      commitLsn,
      messageIndex: this.#messageIndex,
      rowIndex,
      ...keys,
      raw,
      isWithheld,
      failure: failureOf(fault, 0),
      nowMs: this.#context.nowMs(),
    });
    this.#sink.push({ record: letter.record });
    this.#count(table ?? '', { parked: 1 });
    this.notify({
      kind: 'undecodable',
      at: this.#now(),
      pipeline,
      table,
      commit_lsn: commitLsn,
      code: fault.code,
      dead_letter_id: letter.id,
    });
  }

  #count(
    table: string,
    { published = 0, records = 0, parked = 0 }: Partial<TableCount>,
    enrichments?: readonly string[],
  ): void {
    const counted = this.#counts.find((count) => count.table === table && count.enrichments === enrichments);
    if (counted === undefined) {
      const addressed = enrichments === undefined ? {} : { enrichments };
      this.#counts.push({ table, published, records, parked, ...addressed });
    } else {
      counted.published += published;
      counted.records += records;
      counted.parked += parked;
    }
  }

  #now(): string {
    return instantFromMilliseconds(this.#context.nowMs());
  }
}

const TRUNCATE = 'T'.charCodeAt(0);

function tableOid(message: RowMessage): number | undefined {
  return message.tag === 'truncate' ? message.relationOids[0] : message.relationOid;
}

/** A value that its codec cannot read is the row's fault; anything else is ours and must not be archived away. */
function undecodable(error: unknown): Fault {
  if (error instanceof Fault && error.kind === 'undecodable') return error;
  if (error instanceof SyntaxError) {
    return new Fault('undecodable', 'value', 'a value of the row could not be read', { cause: error });
  }
  throw error;
}
