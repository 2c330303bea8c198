// What has to come out at each end of the way, counted from one moment on. Pure: no clock, no Kafka.
import type { TableCount } from '../publisher.ts';

/** How many records of a source are on its topic up to a commit, and how many each enrichment owes for them. */
export interface Tally {
  readonly commitLsn: bigint;
  readonly records: number;
  /** A tombstone is followed by one of the outcome, a truncate by one in every partition: as many as were addressed to it. */
  readonly owed: ReadonlyMap<string, number>;
}

/**
 * Counts confirmed transactions by table. Only those behind the beginning count: what the log brings before it may have been
 * on the topics already when their ends were noted.
 */
export class Tallies {
  readonly #enrichmentsOf: (table: string) => readonly string[];
  readonly #tallies = new Map<string, Tally>();
  #beginning: bigint | undefined;

  constructor(enrichmentsOf: (table: string) => readonly string[]) {
    this.#enrichmentsOf = enrichmentsOf;
  }

  /** `commitLsn`: of the transaction that the stream was in when the ends had been noted. */
  begin(commitLsn: bigint): void {
    this.#beginning = commitLsn;
  }

  confirmed(commitLsn: bigint, counts: readonly TableCount[]): void {
    if (this.#beginning === undefined || commitLsn <= this.#beginning) return;
    for (const { table, records, enrichments } of counts) {
      const before = this.of(table);
      const all = this.#enrichmentsOf(table);
      const owed = new Map(before?.owed);
      for (const name of enrichments ?? all) {
        if (all.includes(name)) owed.set(name, (owed.get(name) ?? 0) + records);
      }
      this.#tallies.set(table, { commitLsn, records: (before?.records ?? 0) + records, owed });
    }
  }

  of(table: string): Tally | undefined {
    return this.#tallies.get(table);
  }
}
