// A commit is in the log before other sessions can see it: microseconds before, or minutes where a synchronous standby
// is late. Rows read in between are older than what the stream already brought, and must not go out behind it.
import { type Snapshot, sees } from '../../../shared/postgres/snapshot.ts';

/**
 * Transactions that the stream has brought and that no snapshot is known to see yet. Every snapshot taken later sees
 * what an earlier one saw, so those that were seen once are forgotten.
 */
export class StreamedTransactions {
  #xids: number[] = [];
  /** The last that was asked about: what it sees, every later one sees. */
  #newest: Snapshot | undefined;
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
    // A stream that is behind brings millions between two watermarks, and nobody asks meanwhile.
    if (this.#newest !== undefined && sees(this.#newest, xid)) return;
    this.#xids.push(xid);
  }

  /** The low watermark passes: what the stream brings from now on wins over the chunk by itself. */
  markLow(): void {
    this.#beforeLow = this.#xids.length;
  }

  /** Forgets what the snapshot sees. Returns how many from before the low watermark it does not see. */
  unseenBeforeLow(snapshot: Snapshot): number {
    this.#newest = snapshot;
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
