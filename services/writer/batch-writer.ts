import { type AnyEnrichedEvent, isRowKey } from '../../shared/contracts/enriched-guard.ts';
import type { Fault } from '../../shared/errors/policy.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { type DatabasePool, inTransaction, type Queryable } from '../../shared/postgres/connect.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import {
  type Applied,
  type AppliedTopic,
  applyOutcomes,
  buryKey,
  compareWithWritten,
  type Target,
} from './apply.ts';
import type { Archive } from './archive.ts';
import { type Homes, requireTurn } from './homes.ts';
import { type LastOfKeys, lastOfKeys } from './last-of-keys.ts';
import type { LateKeys } from './late-keys.ts';
import type { WriterMetrics } from './metrics.ts';
import { notifyFlagged } from './notify-flagged.ts';
import { parse, readOutcomes } from './outcomes.ts';
import type { Pace } from './pace.ts';
import { applyPatiently, type Carried, type Patience } from './patience.ts';
import { type Arrival, applyIsolating, refusalOf } from './refusals.ts';
import type { WrittenOutcomes } from './written-outcomes.ts';

export interface BatchWriterParts {
  readonly pool: DatabasePool;
  /** By topic, in the order in which they are written. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly homes: Homes;
  readonly archive: Archive;
  readonly lateKeys: LateKeys;
  readonly written: WrittenOutcomes;
  readonly metrics: WriterMetrics;
  readonly logger: Logger;
  readonly pace: Pace;
  readonly patience: Patience;
  readonly notifiesFlagged: boolean;
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
      metrics.written(enrichment, length, { ...NOTHING, superseded: length }, () => undefined);
    }
    return unwritten;
  }

  /** Where that was no part of a transaction: nothing was new, or the batch was cut. */
  async #remember(): Promise<void> {
    const { pool, patience, written } = this.#parts;
    if (this.#batch.isRemembered) return;
    const remember = (some: readonly Carried[]): Promise<void> =>
      written.remember(
        pool,
        some.map(({ record }) => record),
      );
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
    const { pool, lateKeys, metrics, pace, written } = this.#parts;
    const batch = this.#batch;
    const startedAtMs = performance.now();
    const checked = await checkByTopic(pool, arrivals, this.#parts);
    const isNew = checked.some(({ events }) => events.length > 0);
    const lasts = checked.filter(({ target, last }) => lateKeys.concerns(target.tables.enrichment, last));
    let latencyMs = 0;
    let applied: readonly AppliedTopic[] = [];
    if (isNew || lasts.length > 0) {
      const transactionStartedAtMs = performance.now();
      let workMs = 0;
      applied = await inTransaction(pool, async (client) => {
        const workStartedAtMs = performance.now();
        const each = await applyChecked(client, checked);
        for (const { target, last } of lasts) await lateKeys.keep(client, target.tables.enrichment, last);
        if (this.#parts.notifiesFlagged) await notifyFlagged(client, each);
        if (arrivals.length === batch.arrivals) await written.remember(client, batch.records);
        workMs = performance.now() - workStartedAtMs;
        return each;
      });
      latencyMs = performance.now() - transactionStartedAtMs - workMs;
      batch.isRemembered = arrivals.length === batch.arrivals;
    }
    const durationMs = performance.now() - startedAtMs;
    // What was written before tells nothing of how long it takes to begin and to commit.
    if (isNew) this.#restMs = pace.after({ rows: arrivals.length, durationMs, latencyMs });
    metrics.batch(arrivals.length, durationMs);
    const enrichedAtMs = new Map<AnyEnrichedEvent, number>(
      applied.length === 0 ? [] : arrivals.map(({ event, record }) => [event, record.timestampMs]),
    );
    for (const { target, events, count } of checked) {
      const { enrichment } = target.tables;
      const result = applied.find((each) => each.enrichment === enrichment)?.result ?? NOTHING;
      const superseded = result.superseded + count - events.length;
      metrics.written(enrichment, count, { ...result, superseded }, (outcome) => enrichedAtMs.get(outcome));
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

const NOTHING: Applied = { written: [], superseded: 0 };

interface CheckedTopic {
  readonly target: Target;
  /** Newer than what is written, as far as can be told without the fence. */
  readonly events: readonly AnyEnrichedEvent[];
  /** With those that are not. */
  readonly count: number;
  readonly last: LastOfKeys;
}

/** Always in the order of the targets, so that two writers wait for each other instead of deadlocking. */
async function checkByTopic(
  client: Queryable,
  arrivals: readonly Arrival[],
  { targets, homes }: Pick<BatchWriterParts, 'targets' | 'homes'>,
): Promise<readonly CheckedTopic[]> {
  const byTopic = Map.groupBy(arrivals, (arrival) => homes.topicOf(arrival));
  const checked: CheckedTopic[] = [];
  for (const [topic, target] of targets) {
    const ofTopic = byTopic.get(topic);
    if (ofTopic === undefined) continue;
    const events = ofTopic.map(({ event }) => event);
    const { newer, older } = await compareWithWritten(client, target, events);
    if (target.isPaired === true) await requireTurn(client, target.tables);
    checked.push({ target, events: newer, count: events.length, last: lastOfKeys(ofTopic, older) });
  }
  return checked;
}

async function applyChecked(
  client: Queryable,
  checked: readonly CheckedTopic[],
): Promise<readonly AppliedTopic[]> {
  const applied: AppliedTopic[] = [];
  for (const { target, events } of checked) {
    if (events.length === 0) continue;
    const result = await applyOutcomes(client, target, events);
    applied.push({ enrichment: target.tables.enrichment, result });
  }
  return applied;
}
