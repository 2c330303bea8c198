import type { ChangeEvent } from '../../../shared/contracts/events.ts';
import type { TypeCatalog } from '../../../shared/contracts/row-codec.ts';
import type { Relation } from '../../../shared/postgres/pgoutput.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { type CapturedTable, tableShape, writeKey } from '../table-shape.ts';
import { type Again, type ChunkRow, ChunkWindow } from './chunk-window.ts';
import type { ReadChunk } from './read-chunk.ts';
import type { StreamedTransactions } from './visibility.ts';

export type RedoAddress = NonNullable<ChangeEvent['source']['redo']>;

/** The rows of a chunk whose high watermark has arrived: they go out inside that transaction. */
export interface PassedChunk {
  readonly relation: Relation;
  readonly redo: RedoAddress;
  readonly rows: readonly ChunkRow[];
}

export type ChunkEnd =
  | { readonly kind: 'again'; readonly why: Again }
  | { readonly kind: 'confirmed'; readonly superseded: number; readonly gone: number };

/** One chunk from its low watermark until Kafka has confirmed its rows, or it has to be read again. */
export class OpenChunk {
  readonly id: string;
  readonly job: RedoJob;
  readonly #table: CapturedTable;
  readonly #window = new ChunkWindow();
  readonly #ended = Promise.withResolvers<ChunkEnd>();
  #read: ReadChunk | undefined;
  #passed: { readonly commitLsn: bigint; readonly end: ChunkEnd } | undefined;

  constructor(id: string, job: RedoJob, table: CapturedTable) {
    this.id = id;
    this.job = job;
    this.#table = table;
  }

  get ended(): Promise<ChunkEnd> {
    return this.#ended.promise;
  }

  /** Undefined while changes do not matter: before the low watermark and after the high one. */
  windowFor(schema: string, name: string): ChunkWindow | undefined {
    const isWanted = this.#window.isOpen && this.job.schema === schema && this.job.table === name;
    return isWanted ? this.#window : undefined;
  }

  /** Before the high watermark is written. */
  fill(read: ReadChunk, types: TypeCatalog): void {
    this.#read = read;
    const { relation } = read.table;
    const shape = tableShape(relation, this.#table, types, { json: '', schemaVersion: 1 });
    this.#window.fill({
      columns: relation.columns.map(({ name }) => name),
      rows: read.rows.map(({ tuple, keyTuple }) => ({ key: writeKey(shape, keyTuple), tuple, keyTuple })),
    });
  }

  low(streamed: StreamedTransactions): void {
    streamed.markLow();
    this.#window.open();
  }

  high(streamed: StreamedTransactions, commitLsn: bigint): PassedChunk | undefined {
    const read = this.#read;
    if (read === undefined) return undefined;
    const unseen = streamed.unseenBeforeLow(read.snapshot);
    const result = this.#window.settle();
    if (unseen > 0 || result.kind === 'again') {
      this.#ended.resolve({ kind: 'again', why: result.kind === 'again' ? result.why : 'invisible' });
      return undefined;
    }
    const { rows, superseded } = result;
    const gone = rows.filter(({ tuple }) => tuple === undefined).length;
    this.#passed = { commitLsn, end: { kind: 'confirmed', superseded, gone } };
    const { enrichments, reason, job } = this.job;
    return { relation: read.table.relation, redo: { enrichments, reason, job }, rows };
  }

  /** Everything of the transaction that begins its commit at `commitLsn` is in Kafka. */
  confirmed(commitLsn: bigint): void {
    const passed = this.#passed;
    if (passed !== undefined && commitLsn >= passed.commitLsn) this.#ended.resolve(passed.end);
  }
}
