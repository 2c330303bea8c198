import { type AnyEnrichedEvent, isRowKey } from '../../shared/contracts/enriched-guard.ts';
import type { Fault } from '../../shared/errors/policy.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { inTransaction, onConnection } from '../../shared/postgres/connect.ts';
import { together } from '../../shared/postgres/together.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { type AppliedTopic, buryKey } from './apply.ts';
import type { Archive } from './archive.ts';
import type { WriterMetrics } from './metrics.ts';
import { parse, readOutcomes } from './outcomes.ts';
import type { Pace } from './pace.ts';
import { applyPatiently, type Carried, type Patience } from './patience.ts';
import { type Arrival, applyIsolating, refusalOf } from './refusals.ts';
import {
  appliedOf,
  batchByTopic,
  isToWrite,
  type TransactionParts,
  writeInTransaction,
} from './transaction.ts';
import type { WrittenOutcomes } from './written-outcomes.ts';

export interface BatchWriterParts extends TransactionParts {
  readonly archive: Archive;
  readonly written: WrittenOutcomes;
  readonly metrics: WriterMetrics;
  readonly logger: Logger;
  readonly pace: Pace;
  readonly patience: Patience;
}

interface Batch {
  readonly records: readonly FetchedRecord[];
  readonly arrivals: number;
  /** That they are written. */
  isRemembered: boolean;
}

/** Brings batches of records into the side tables: whole, or but for the rows that the database refuses. */
export class BatchWriter {
  readonly #parts: BatchWriterParts;
  #restMs = 0;
  #batch: Batch = { records: [], arrivals: 0, isRemembered: true };
  /** What was written before comes again in a row, mostly, and a look costs less than an attempt to write it. */
  #mayRepeat = true;

  constructor(parts: BatchWriterParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when everything in the records is safe elsewhere, with how long to leave the database alone.
   * @throws Abandoned when the batch is to come again
   */
  async write(records: readonly FetchedRecord[]): Promise<number> {
    this.#restMs = 0;
    const unwritten = await this.#passOver(records);
    const { arrivals, unreadable, tombstones } = readOutcomes(unwritten, Date.now());
    this.#batch = { records: unwritten, arrivals: arrivals.length, isRemembered: unwritten.length === 0 };
    await this.#parts.archive.unreadable(unreadable);
    // Before the outcomes beside them: what is newer than a tombstone stands behind it, and wins.
    for (const tombstone of tombstones) await this.#bury(tombstone);
    await applyIsolating(
      arrivals,
      (some) => this.#applyPatiently(some),
      (arrival, fault) => this.#refuse(arrival, fault),
    );
    await this.#remember();
    return this.#restMs;
  }

  /** What is left of the records without those that are known to be written. */
  async #passOver(records: readonly FetchedRecord[]): Promise<readonly FetchedRecord[]> {
    const { metrics, targets, written } = this.#parts;
    const startedAtMs = performance.now();
    const unwritten = await written.unwritten(records);
    if (unwritten.length === records.length) return records;
    const left = new Set(unwritten);
    const passed = records.filter((record) => record.value !== null && !left.has(record));
    metrics.batch(passed.length, performance.now() - startedAtMs);
    for (const [topic, { length }] of Map.groupBy(passed, (record) => record.topic)) {
      const enrichment = targets.get(topic)?.tables.enrichment;
      if (enrichment === undefined) continue;
      metrics.written(enrichment, length, { written: [], superseded: length }, () => undefined);
    }
    return unwritten;
  }

  /** Where that was no part of a transaction: nothing was new, or the batch was cut. */
  async #remember(): Promise<void> {
    const { pool, patience, written } = this.#parts;
    if (this.#batch.isRemembered) return;
    const remember = async (some: readonly Carried[]): Promise<void> => {
      const records = some.map(({ record }) => record);
      await onConnection(pool, (client) => together(client, written.remembering(records)));
      written.committed(records);
    };
    await applyPatiently(
      this.#batch.records.map((record) => ({ record })),
      remember,
      patience,
    );
  }

  async #applyPatiently(arrivals: readonly Arrival[]): Promise<void> {
    await applyPatiently(arrivals, (some) => this.#apply(some), this.#parts.patience);
  }

  /** One transaction. */
  async #apply(arrivals: readonly Arrival[]): Promise<void> {
    const { lateKeys, metrics, pace, written } = this.#parts;
    const batch = this.#batch;
    const startedAtMs = performance.now();
    const byTopic = await batchByTopic(arrivals, this.#parts, this.#mayRepeat);
    const isNew = byTopic.some(({ events }) => events.length > 0);
    let applied: readonly AppliedTopic[] = [];
    let latencyMs = 0;
    if (byTopic.some((each) => isToWrite(each, lateKeys))) {
      const isWhole = arrivals.length === batch.arrivals;
      const beside = isWhole ? written.remembering(batch.records) : [];
      ({ applied, latencyMs } = await writeInTransaction(byTopic, this.#parts, beside));
      batch.isRemembered = isWhole;
      if (isWhole) written.committed(batch.records);
    }
    const durationMs = performance.now() - startedAtMs;
    // What was written before tells nothing of how long it takes to begin and to commit.
    if (isNew) this.#restMs = pace.after({ rows: arrivals.length, durationMs, latencyMs });
    metrics.batch(arrivals.length, durationMs);
    const enrichedAtMs = new Map<AnyEnrichedEvent, number>(
      applied.length === 0 ? [] : arrivals.map(({ event, record }) => [event, record.timestampMs]),
    );
    this.#mayRepeat = false;
    for (const each of byTopic) {
      const result = appliedOf(each, applied);
      const count = each.arrivals.length;
      const superseded = result.superseded + count - each.events.length;
      if (superseded > 0) this.#mayRepeat = true;
      metrics.written(each.target.tables.enrichment, count, { ...result, superseded }, (outcome) =>
        enrichedAtMs.get(outcome),
      );
    }
  }

  async #bury(record: FetchedRecord): Promise<void> {
    const { pool, targets, patience } = this.#parts;
    const target = targets.get(record.topic);
    const key = record.key === null ? undefined : parse(record.key);
    if (target === undefined || !isRowKey(key)) return;
    const bury = () => inTransaction(pool, (client) => buryKey(client, target, key));
    try {
      await applyPatiently([{ record }], bury, patience);
    } catch (error) {
      // What no table takes as a key is in no table.
      if (refusalOf(error) === undefined) throw error;
    }
  }

  async #refuse(arrival: Arrival, fault: Fault): Promise<void> {
    const { archive, logger } = this.#parts;
    logger.warn(
      { code: fault.code, topic: arrival.record.topic },
      'the database refuses a row: it is failed and archived',
    );
    // Its failure may be refused for the same reason, a key for instance: then the archive alone has it.
    await applyIsolating(
      [await archive.refused(arrival, fault)],
      (some) => this.#applyPatiently(some),
      async () => {},
    );
  }
}
