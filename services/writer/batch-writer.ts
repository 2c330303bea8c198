import { type AnyEnrichedEvent, isEmbedding } from '../../shared/contracts/enriched-guard.ts';
import type { Fault } from '../../shared/errors/policy.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { onConnection } from '../../shared/postgres/connect.ts';
import { together } from '../../shared/postgres/together.ts';
import type { Scored } from '../../shared/side-tables/parameters.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { AppliedTopic } from './apply.ts';
import type { Archive } from './archive.ts';
import { bury } from './bury.ts';
import type { WriterMetrics } from './metrics.ts';
import { readOutcomes } from './outcomes.ts';
import type { Pace } from './pace.ts';
import { applyPatiently, type Carried, lookPatiently, type Patience } from './patience.ts';
import { type Arrival, applyIsolating } from './refusals.ts';
import type { RefusalsInARow } from './refusals-in-a-row.ts';
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
  readonly refusals: RefusalsInARow;
  /** @throws Fault when the source's keys are of other types than the side tables', or these than they were */
  readonly requireKeyTypes: () => Promise<void>;
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
    for (const tombstone of tombstones) await bury(tombstone, this.#parts);
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
    if (isNew)
      this.#restMs = pace.after({
        rows: arrivals.length,
        durationMs,
        latencyMs,
        results: resultsOf(applied),
      });
    metrics.batch(arrivals.length, durationMs);
    const enrichedAtMs = new Map<AnyEnrichedEvent, number>(
      applied.length === 0 ? [] : arrivals.map(({ event, record }) => [event, record.timestampMs]),
    );
    for (const { record } of arrivals.slice(0, 1)) {
      this.#parts.refusals.written(
        record.topic,
        applied.flatMap(({ result }) => result.written),
      );
    }
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

  async #refuse(arrival: Arrival, fault: Fault): Promise<void> {
    const { archive, logger, metrics, patience, refusals, requireKeyTypes, targets } = this.#parts;
    const { topic } = arrival.record;
    const { code } = fault;
    // Then none of such keys has a place there, nor has the failure of its row.
    await lookPatiently(arrival, requireKeyTypes, patience);
    refusals.add(topic, fault);
    metrics.refused(targets.get(topic)?.tables.enrichment ?? '', code);
    const failed = await archive.refused(arrival, fault);
    let isKept = true;
    await applyIsolating(
      [failed],
      (some) => this.#applyPatiently(some),
      async () => {
        // For the same reason, as when it is no key of this table.
        isKept = false;
      },
    );
    if (isKept) logger.warn({ code, topic }, 'the database refuses a row: it is failed and archived');
    else logger.error({ code, topic }, 'the database refuses a row and its failure: only the archive has it');
  }
}

/** Result rows that were written anew. */
const resultsOf = (applied: readonly AppliedTopic[]): number =>
  applied
    .flatMap(({ result }) => result.written)
    .reduce(
      (sum, outcome) => sum + (outcome.status === 'scored' && !outcome.cached ? rowsOf(outcome) : 0),
      0,
    );

const rowsOf = ({ result }: Scored): number => (isEmbedding(result) ? result.chunks.length : 1);
