// What the stream brings between the two watermarks of a chunk, and what is left of the chunk's rows then. No I/O.
import { type Tuple, UNCHANGED } from '../../../shared/postgres/pgoutput.ts';

/** A row of the stream as it stands after its change. */
export interface ObservedRow {
  readonly columns: readonly string[];
  readonly tuple: Tuple;
}

export interface ChunkRow {
  /** The row key as JSON, as the records of the topic have it. */
  readonly key: string;
  /** undefined: the row was asked for by its key and is not there. */
  readonly tuple: Tuple | undefined;
  /** Of a row that is not there, only its key. */
  readonly keyTuple: Tuple;
}

export interface ReadRows {
  readonly columns: readonly string[];
  readonly rows: readonly ChunkRow[];
}

/** Why the chunk has to be read again. */
export type Again =
  | 'invisible' // the stream is ahead of what the chunk could see
  | 'schema' // its columns are no longer those of the stream
  | 'reused_key' // a key was given up and taken by another row, of which the stream left values out
  | 'busy'; // more keys changed than are worth remembering

export type WindowResult =
  | { readonly kind: 'again'; readonly why: Again }
  | { readonly kind: 'rows'; readonly rows: readonly ChunkRow[]; readonly superseded: number };

/** All values came with the stream; some did, the others are still to be found; the key is gone; or it is another row now. */
type Touch = 'complete' | ObservedRow | 'deleted' | 'reused';

/** Until the chunk is read nobody knows which keys it will hold. */
const TOUCHES_BEFORE_READING_MAX = 100_000;

/** One chunk between its watermarks: `open` at the low one, `settle` at the high one. */
export class ChunkWindow {
  #isOpen = false;
  #touches = new Map<string, Touch>();
  #read: (ReadRows & { readonly keys: ReadonlySet<string> }) | undefined;
  #again: Again | undefined;
  #isTruncated = false;

  /** The low watermark has arrived. */
  open(): void {
    this.#isOpen = true;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What the database answered; always before the high watermark can arrive. */
  fill(read: ReadRows): void {
    const keys = new Set(read.rows.map(({ key }) => key));
    this.#read = { ...read, keys };
    for (const key of this.#touches.keys()) if (!keys.has(key)) this.#touches.delete(key);
  }

  /** `row` is asked for only where it matters. */
  upserted(key: string, row: () => ObservedRow): void {
    if (!this.#concerns(key)) return;
    const before = this.#touches.get(key);
    if (before === 'complete') return;
    const after = row();
    const isComplete = !after.tuple.includes(UNCHANGED);
    if (isComplete) this.#touches.set(key, 'complete');
    else if (before === 'deleted' || before === 'reused') this.#touches.set(key, 'reused');
    else this.#touches.set(key, before === undefined ? after : filled(after, before));
  }

  deleted(key: string): void {
    if (this.#concerns(key)) this.#touches.set(key, 'deleted');
  }

  truncated(): void {
    this.#isTruncated = true;
  }

  schemaChanged(): void {
    this.#again ??= 'schema';
  }

  /** The high watermark has arrived: the rows that go out at its position. */
  settle(): WindowResult {
    this.#isOpen = false;
    const read = this.#read ?? { columns: [], rows: [] };
    if (this.#again !== undefined) return { kind: 'again', why: this.#again };
    if (this.#isTruncated) return { kind: 'rows', rows: [], superseded: read.rows.length };
    const rows: ChunkRow[] = [];
    for (const row of read.rows) {
      const touch = this.#touches.get(row.key);
      if (touch === undefined) rows.push(row);
      else if (touch === 'reused') return { kind: 'again', why: 'reused_key' };
      else if (typeof touch === 'object' && row.tuple !== undefined) {
        if (!sameNames(touch.columns, read.columns)) return { kind: 'again', why: 'schema' };
        // The stream left out what its update did not touch, and the chunk has the only copy of it.
        const { tuple } = filled(touch, { columns: read.columns, tuple: row.tuple });
        rows.push({ ...row, tuple });
      }
    }
    return { kind: 'rows', rows, superseded: read.rows.length - rows.length };
  }

  #concerns(key: string): boolean {
    if (this.#read !== undefined) return this.#read.keys.has(key);
    if (this.#touches.size < TOUCHES_BEFORE_READING_MAX) return true;
    this.#again ??= 'busy';
    return false;
  }
}

/** `row` with the values it leaves out taken from `other`, which is older or the same row as read. */
function filled(row: ObservedRow, other: ObservedRow): ObservedRow {
  if (!sameNames(row.columns, other.columns)) return row;
  const tuple = row.tuple.map((value, place) => {
    const found = other.tuple[place];
    return value === UNCHANGED && found !== undefined ? found : value;
  });
  return { columns: row.columns, tuple };
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((name, place) => name === b[place]));
