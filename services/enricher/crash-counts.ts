import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { RecordPlace, UncommittedStretch } from '../../shared/kafka/offsets.ts';
import { type Queryable, sqlState } from '../../shared/postgres/connect.ts';
import { mayBeOfRow } from '../../shared/postgres/sql-states.ts';
import { isTransient } from '../../shared/postgres/transient.ts';
import {
  type CrashCount,
  forgetCrashCount,
  readCrashCounts,
  storeCrashCount,
} from '../../shared/side-tables/crash-counts.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

/**
 * After so many ends at the same place, what was under way runs row by row. Rows before the one to blame may get through each
 * time, so the place is the same while the first uncommitted offset is within what was under way.
 */
const ENDS_MAX = 3;
/** A row that ends the worker so often while nothing else is under way is to blame. */
const ROW_ENDS_MAX = 2;

/** Ends by its own error; what is away, and what a person has to set up, says nothing about a row. */
export function isOwnEnd(error: unknown): boolean {
  if (isTransient(error) || (error instanceof AfterglowError && error.code !== 'defect')) return false;
  const state = sqlState(error);
  return state === undefined || mayBeOfRow(state);
}

/** Pure: the count of a partition after one more end. `alone`: the row that was alone under way. */
export function afterEnd(
  known: CrashCount | undefined,
  stretch: UncommittedStretch & { readonly newest: bigint },
  alone: bigint | undefined,
): CrashCount {
  const { topic, partition, first, newest } = stretch;
  const place = { topic, partition, firstOffset: first };
  if (known === undefined || first > known.newestOffset || first < known.firstOffset) {
    return { ...place, ends: 1, newestOffset: newest, row: undefined };
  }
  if (alone !== undefined) {
    const ends = known.row?.offset === alone ? known.row.ends + 1 : 1;
    return { ...known, firstOffset: first, row: { offset: alone, ends } };
  }
  const newestOffset = newest > known.newestOffset ? newest : known.newestOffset;
  return { ...known, firstOffset: first, ends: known.ends + 1, newestOffset };
}

/** Isolates a row that ends the process, over the lives of several processes. */
export class Crashes {
  readonly #group: string;
  readonly #topic: string;
  readonly #logger: Logger;
  /** By partition: a group has one topic. */
  readonly #known: Map<number, CrashCount>;
  readonly #newest = new Map<number, bigint>();
  #alone: RecordPlace | undefined;

  private constructor(
    { group, topic }: { readonly group: string; readonly topic: string },
    known: readonly CrashCount[],
    logger: Logger,
  ) {
    this.#group = group;
    this.#topic = topic;
    this.#logger = logger;
    this.#known = byPartition(known);
  }

  static async read(client: Queryable, group: string, topic: string, logger: Logger): Promise<Crashes> {
    const known = await readOfTopic(client, group, topic);
    const isolated = known.filter(({ ends }) => ends >= ENDS_MAX);
    if (isolated.length > 0) {
      logger.warn(
        { partitions: isolated.map(({ partition }) => partition) },
        'workers ended three times at the same place: these rows run one by one',
      );
    }
    return new Crashes({ group, topic }, known, logger);
  }

  /** Nothing else may be under way while this record is. */
  isAlone(record: RecordPlace): boolean {
    if (this.#known.size === 0) return false;
    const count = this.#known.get(record.partition);
    return count !== undefined && count.ends >= ENDS_MAX && record.offset <= count.newestOffset;
  }

  /** The record is taken up. Returns why it is failed without being worked on, if it is. */
  taken(record: RecordPlace): Fault | undefined {
    this.#newest.set(record.partition, record.offset);
    if (this.#known.size === 0) return undefined;
    this.#alone = this.isAlone(record) ? record : undefined;
    const row = this.#known.get(record.partition)?.row;
    if (row?.offset !== record.offset || row.ends < ROW_ENDS_MAX) return undefined;
    return new Fault('unknown', 'ended_worker', 'The worker ended twice while it worked on this row alone.');
  }

  /** Published: once rows that ran one by one are passed, all is as ever. Others may finish before the one that ends the worker. */
  async finished(client: Queryable, records: readonly RecordPlace[]): Promise<void> {
    if (this.#known.size === 0) return;
    for (const record of records) {
      const count = this.#known.get(record.partition);
      if (count === undefined || count.ends < ENDS_MAX || record.offset < count.newestOffset) continue;
      this.#known.delete(record.partition);
      this.#alone = undefined;
      await forgetCrashCount(client, this.#group, count);
    }
  }

  /** The worker ends by its own error. Never rejects: the error itself is what has to be told. */
  async ended(client: Queryable, uncommitted: readonly UncommittedStretch[]): Promise<void> {
    const alone = this.#alone;
    try {
      // Afresh: another process may have ended at the same place since this one began.
      const known = byPartition(await readOfTopic(client, this.#group, this.#topic));
      for (const stretch of uncommitted) {
        const { partition } = stretch;
        const newest = this.#newest.get(partition);
        // What was only fetched had no part in it; neither had other partitions when one row was alone.
        if (newest === undefined || newest < stretch.first) continue;
        if (alone !== undefined && partition !== alone.partition) continue;
        const underWay = alone !== undefined && alone.offset >= stretch.first ? alone.offset : undefined;
        const count = afterEnd(known.get(partition), { ...stretch, newest }, underWay);
        await storeCrashCount(client, this.#group, count);
      }
    } catch (error) {
      this.#logger.warn({ err: error }, 'the end of this worker could not be counted');
    }
  }
}

async function readOfTopic(client: Queryable, group: string, topic: string): Promise<readonly CrashCount[]> {
  return (await readCrashCounts(client, group)).filter((count) => count.topic === topic);
}

function byPartition(counts: readonly CrashCount[]): Map<number, CrashCount> {
  return new Map(counts.map((count) => [count.partition, count]));
}
