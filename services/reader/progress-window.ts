import type { ProgressEvent } from '../../shared/contracts/events.ts';
import { instantFromMilliseconds } from '../../shared/contracts/instant.ts';
import { formatLsn } from '../../shared/contracts/position.ts';
import type { CommitMark } from './publisher.ts';

interface TableWindow {
  fromCommitLsn: bigint;
  toCommitLsn: bigint;
  transactions: number;
  published: number;
  parked: number;
}

/**
 * What was confirmed since the last record, by table: a record for every transaction would cost a third of the reader's speed.
 * The slot moves only behind the record, so a crash counts a window again instead of leaving it out.
 */
export class ProgressWindow {
  readonly #epoch: number;
  #tables = new Map<string, TableWindow>();
  #ends: { readonly endLsn: bigint; readonly hasRows: boolean }[] = [];

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  add({ commitLsn, endLsn, counts }: CommitMark): void {
    this.#ends.push({ endLsn, hasRows: counts.length > 0 });
    for (const { table, published, parked } of counts) {
      const window = this.#tables.get(table);
      if (window === undefined) {
        this.#tables.set(table, {
          fromCommitLsn: commitLsn,
          toCommitLsn: commitLsn,
          transactions: 1,
          published,
          parked,
        });
        continue;
      }
      window.toCommitLsn = commitLsn;
      window.transactions++;
      window.published += published;
      window.parked += parked;
    }
  }

  /** The records of the window, and the transactions that are safe once they are; the next window begins empty. */
  take(nowMs: number): {
    readonly events: readonly ProgressEvent[];
    readonly ends: readonly { readonly endLsn: bigint; readonly hasRows: boolean }[];
  } {
    const events = Array.from(this.#tables, ([table, window]) => ({
      table,
      from_commit_lsn: formatLsn(window.fromCommitLsn),
      to_commit_lsn: formatLsn(window.toCommitLsn),
      epoch: this.#epoch,
      transactions: window.transactions,
      published: window.published,
      parked: window.parked,
      at: instantFromMilliseconds(nowMs),
    }));
    const ends = this.#ends;
    this.#tables = new Map();
    this.#ends = [];
    return { events, ends };
  }
}
