// A commit is in the log before other sessions can see it: microseconds before, or minutes where a synchronous standby
// is late. Rows read in between are older than what the stream already brought, and must not go out behind it.

/** What pg_current_snapshot() says; numbers of transactions with their epoch. */
export interface Snapshot {
  /** Everything below has ended. */
  readonly xmin: bigint;
  /** Nothing from here on had ended. */
  readonly xmax: bigint;
  readonly running: ReadonlySet<bigint>;
  /** `xmin` as the log has it, without its epoch. */
  readonly xminInLog: number;
}

const EPOCH = 1n << 32n;
const HALF_EPOCH = EPOCH / 2n;
const TEXT = /^(\d+):(\d+):(\d+(?:,\d+)*)?$/;

export function parseSnapshot(text: string): Snapshot {
  const [, xmin, xmax, running] = TEXT.exec(text) ?? [];
  if (xmin === undefined || xmax === undefined) throw new RangeError('not a snapshot');
  const listed = running === undefined ? [] : running.split(',').map(BigInt);
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    running: new Set(listed),
    xminInLog: Number(BigInt(xmin) % EPOCH),
  };
}

/** `xid` as the log has it, without its epoch: of all numbers that end so the one nearest to the snapshot is meant. */
export function sees(snapshot: Snapshot, xid: number): boolean {
  const { xmin, xmax, running, xminInLog } = snapshot;
  // Nearly all of them; 32 bits are compared as the server compares them, in a circle.
  if (((xid - xminInLog) | 0) < 0) return true;
  let whole = xmax - (xmax % EPOCH) + BigInt(xid);
  if (whole - xmax > HALF_EPOCH) whole -= EPOCH;
  else if (xmax - whole > HALF_EPOCH) whole += EPOCH;
  return whole < xmin || (whole < xmax && !running.has(whole));
}

/**
 * Transactions that the stream has brought and that no snapshot is known to see yet. Every snapshot taken later sees
 * what an earlier one saw, so those that were seen once are forgotten.
 */
export class StreamedTransactions {
  #xids: number[] = [];
  /** How many of them came before the low watermark. */
  #beforeLow = 0;
  /** May have been streamed by the reader before us; we were not there. */
  #suspects = new Set<number>();

  /** Transactions that were not visible when this stream began. */
  suspect(xids: Iterable<number>): void {
    for (const xid of xids) this.#suspects.add(xid);
  }

  get suspects(): readonly number[] {
    return [...this.#suspects];
  }

  /** Its commit is still to come: whatever it did, the stream will bring it. */
  clear(xid: number): void {
    this.#suspects.delete(xid);
  }

  began(xid: number): void {
    if (this.#suspects.size > 0) this.#suspects.delete(xid);
    this.#xids.push(xid);
  }

  /** The low watermark passes: what the stream brings from now on wins over the chunk by itself. */
  markLow(): void {
    this.#beforeLow = this.#xids.length;
  }

  /** Forgets what the snapshot sees. Returns how many from before the low watermark it does not see. */
  unseenBeforeLow(snapshot: Snapshot): number {
    for (const xid of this.#suspects) if (sees(snapshot, xid)) this.#suspects.delete(xid);
    const unseen: number[] = [];
    let before = 0;
    for (const [place, xid] of this.#xids.entries()) {
      if (sees(snapshot, xid)) continue;
      unseen.push(xid);
      if (place < this.#beforeLow) before++;
    }
    this.#xids = unseen;
    this.#beforeLow = before;
    return before + this.#suspects.size;
  }
}
