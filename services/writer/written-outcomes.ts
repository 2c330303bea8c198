import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { Assignment } from '../../shared/kafka/offsets.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import type { PreparedStatement } from '../../shared/postgres/together.ts';
import { isTransient } from '../../shared/postgres/transient.ts';
import {
  type NewStretch,
  readWrittenStretches,
  rememberWritten,
  type WrittenStretch,
} from '../../shared/side-tables/written-outcomes.ts';

/**
 * Passes over what comes again after a crash or a rebalance: the database knows up to where each partition was written, by the
 * transactions that wrote it. Only at the beginning of a membership, where repetitions are: what comes behind them is new.
 */
export class WrittenOutcomes {
  readonly #database: Queryable;
  readonly #topicIds: ReadonlyMap<string, string>;
  #assignment: Assignment | undefined;
  #stretches = new Map<string, WrittenStretch>();
  /** What this membership has written, up to where. */
  #nexts = new Map<string, bigint>();

  constructor(database: Queryable, topicIds: ReadonlyMap<string, string>) {
    this.#database = database;
    this.#topicIds = topicIds;
  }

  /** The records, of one membership, that are not known to be written. */
  async unwritten(records: readonly FetchedRecord[]): Promise<readonly FetchedRecord[]> {
    const assignment = records[0]?.assignment;
    if (assignment !== undefined && assignment !== this.#assignment) {
      const stretches = await this.#read();
      this.#stretches = new Map(stretches.map((stretch) => [placeOf(stretch), stretch]));
      this.#assignment = assignment;
      this.#nexts = new Map();
    }
    return this.#stretches.size === 0 ? records : records.filter((record) => !this.#isWritten(record));
  }

  /** For the transaction that writes the records, or behind it. They are all of their stretches that there are. */
  remembering(records: readonly FetchedRecord[]): readonly PreparedStatement[] {
    const continued = stretchesOf(records).map((stretch): NewStretch => {
      const next = this.#nexts.get(placeOf(stretch));
      if (next === undefined) return { ...stretch, continues: false };
      // What lies between was compacted away.
      return { ...stretch, first: next < stretch.first ? next : stretch.first, continues: true };
    });
    return rememberWritten(this.#topicIds, continued);
  }

  /** That the records are written, as far as the database says. Of a topic without an id nothing is noted that could be missing. */
  committed(records: readonly FetchedRecord[]): void {
    for (const stretch of stretchesOf(records)) {
      if (this.#topicIds.has(stretch.topic)) this.#nexts.set(placeOf(stretch), stretch.next);
    }
  }

  /** Whether something that this membership has written by now is not among what the database knows, which is read only then. */
  async isMissing(read: () => Promise<readonly WrittenStretch[]>): Promise<boolean> {
    const nexts = [...this.#nexts];
    if (nexts.length === 0) return false;
    const known = new Map((await read()).map((stretch) => [placeOf(stretch), stretch.next]));
    return nexts.some(([place, next]) => (known.get(place) ?? 0n) < next);
  }

  /** None while the database is away: then all of the membership is compared one by one, since its first records were taken. */
  async #read(): Promise<readonly WrittenStretch[]> {
    try {
      return await readWrittenStretches(this.#database, this.#topicIds);
    } catch (error) {
      if (!isTransient(error)) throw error;
      return [];
    }
  }

  #isWritten(record: FetchedRecord): boolean {
    const stretch = this.#stretches.get(placeOf(record));
    if (stretch === undefined) return false;
    // One that came later than all of them is another one with an offset that a broker had lost. What comes before them may be
    // written over what they were, a burial say, and only they themselves bring that back.
    const isOutside =
      record.offset < stretch.first || record.offset >= stretch.next || record.timestampMs > stretch.newestMs;
    if (isOutside) this.#stretches.delete(placeOf(record));
    return !isOutside;
  }
}

const placeOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}/${partition}`;

/** Pure. Of each partition from the first record to the last. */
export function stretchesOf(records: readonly FetchedRecord[]): readonly WrittenStretch[] {
  const stretches = new Map<string, { -readonly [Name in keyof WrittenStretch]: WrittenStretch[Name] }>();
  for (const { topic, partition, offset, timestampMs } of records) {
    const place = placeOf({ topic, partition });
    const known = stretches.get(place);
    if (known === undefined) {
      stretches.set(place, { topic, partition, first: offset, next: offset + 1n, newestMs: timestampMs });
      continue;
    }
    if (offset >= known.next) known.next = offset + 1n;
    if (offset < known.first) known.first = offset;
    known.newestMs = Math.max(known.newestMs, timestampMs);
  }
  return [...stretches.values()];
}
