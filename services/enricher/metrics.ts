import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Fault } from '../../shared/errors/policy.ts';
import type { Purse } from '../../shared/spend/lease.ts';
import { LATENCY_BUCKETS_SECONDS, METRIC } from '../../shared/telemetry/metrics.ts';
import type { CompletionObserver } from './completion-read.ts';
import type { OutcomeRecords } from './outcome-records.ts';
import type { PayOnceObserver } from './pay-once.ts';

/** When a change that has its outcome now was where on its way. */
export interface PublishedChange {
  readonly committedAtMs: number;
  /** On the topic of its table. */
  readonly publishedAtMs: number;
}

export interface EnricherMetrics extends PayOnceObserver, Pick<CompletionObserver, 'completed'> {
  called(rows: number, durationMs: number): void;
  failed(fault: Fault): void;
  spent(purse: Purse, nanoUsd: number): void;
  /** Of the day's limit, by all processes together, as last seen. */
  budgetUsed(purse: Purse, share: number): void;
  /** `lane`: the model itself or its detector. */
  paused(lane: string, isPaused: boolean): void;
  published(outcomes: readonly OutcomeRecords[], changes: readonly PublishedChange[]): void;
  /** Changes that ask this enrichment for no outcome. With the outcomes they sum up to what was published for it. */
  passed(changes: number): void;
  valkeyAway(isAway: boolean): void;
  valkeyRefused(): void;
}

const BATCH_ROWS_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000];

export function enricherMetrics(registry: Registry, enrichment: string): EnricherMetrics {
  const registers = [registry];
  const names = METRIC.enricher;
  const labelNames = ['enrichment'] as const;
  const outcomes = new Counter({
    name: names.outcomes,
    help: 'Outcomes confirmed by Kafka, by status.',
    labelNames: [...labelNames, 'status'],
    registers,
  });
  const calls = new Counter({ name: names.calls, help: 'Answered model calls.', labelNames, registers });
  const faults = new Counter({
    name: names.faults,
    help: 'Calls that brought no answer, by kind of fault.',
    labelNames: [...labelNames, 'kind', 'code'],
    registers,
  });
  const duration = new Histogram({
    name: names.callDuration,
    help: 'Duration of answered model calls.',
    labelNames,
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  const batchRows = new Histogram({
    name: names.batchRows,
    help: 'Rows of answered model calls.',
    labelNames,
    buckets: BATCH_ROWS_BUCKETS,
    registers,
  });
  const latency = (name: string, help: string): ((fromMs: number, toMs: number) => void) => {
    const buckets = LATENCY_BUCKETS_SECONDS;
    const histogram = new Histogram({ name, help, labelNames, buckets, registers }).labels({ enrichment });
    // Commit and publication are told by other clocks.
    return (fromMs, toMs) => histogram.observe(Math.max(0, toMs - fromMs) / 1000);
  };
  const commitToPublished = latency(
    names.commitToPublished,
    'From the commit in PostgreSQL to the place on the topic of the table, of changes that have an outcome.',
  );
  const publishedToEnriched = latency(
    names.publishedToEnriched,
    'From the place on the topic of the table to the confirmation of the outcome by Kafka.',
  );
  const commitToEnriched = latency(
    names.commitToEnriched,
    'From the commit in PostgreSQL to the confirmation of the outcome by Kafka.',
  );
  const pausedGauge = new Gauge({
    name: names.paused,
    help: '1 while the model cannot be used.',
    labelNames,
    registers,
  });
  // Every row counts here: it is added up until somebody looks, since a counter is found anew by its labels each time.
  let missed = 0;
  const asked = new Counter({
    name: names.requests,
    help: 'Requests by where their answer was found: memory, in_flight, valkey, shared, stored; model when it had to be asked.',
    labelNames: [...labelNames, 'found'],
    registers,
    collect() {
      this.inc({ enrichment, found: 'model' }, missed);
      missed = 0;
    },
  });
  const saved = new Counter({
    name: names.savedUsd,
    help: 'What answers that were found had cost when they were paid for.',
    labelNames,
    registers,
  });
  const spent = new Counter({
    name: names.spentUsd,
    help: 'What model calls of this process cost, by purse; calls that may have been billed are counted.',
    labelNames: [...labelNames, 'purse'],
    registers,
  });
  const budgetUsed = new Gauge({
    name: names.budgetUsed,
    help: "Share of the day's limit that all processes have spent or reserved, as last seen.",
    labelNames: [...labelNames, 'purse'],
    registers,
  });
  const passed = new Counter({
    name: names.passed,
    help: 'Changes that are addressed to other enrichments only.',
    labelNames,
    registers,
  });
  const completionReads = new Counter({
    name: names.completionReads,
    help: 'Rows read by key because a change did not carry every column: row, gone, or unseen yet.',
    labelNames: [...labelNames, 'result'],
    registers,
  });
  const valkeyAway = new Gauge({
    name: names.valkeyAway,
    help: '1 while Valkey does not answer; answers are then found in PostgreSQL.',
    labelNames,
    registers,
  });
  const valkeyRefused = new Counter({
    name: names.valkeyRefused,
    help: 'Texts in Valkey that nobody who knows this database had written.',
    labelNames,
    registers,
  });
  pausedGauge.set({ enrichment }, 0);
  const pausedLanes = new Set<string>();
  return {
    called(rows, durationMs) {
      calls.inc({ enrichment });
      duration.observe({ enrichment }, durationMs / 1000);
      batchRows.observe({ enrichment }, rows);
    },
    failed: ({ kind, code }) => faults.inc({ enrichment, kind, code }),
    spent: (purse, nanoUsd) => spent.inc({ enrichment, purse }, nanoUsd / 1e9),
    budgetUsed: (purse, share) => budgetUsed.set({ enrichment, purse }, share),
    paused(lane, isPaused) {
      if (isPaused) pausedLanes.add(lane);
      else pausedLanes.delete(lane);
      pausedGauge.set({ enrichment }, pausedLanes.size > 0 ? 1 : 0);
    },
    found(layer, savedNanoUsd) {
      asked.inc({ enrichment, found: layer });
      saved.inc({ enrichment }, savedNanoUsd / 1e9);
    },
    missed() {
      missed++;
    },
    completed: (result) => completionReads.inc({ enrichment, result }),
    passed: (changes) => passed.inc({ enrichment }, changes),
    valkeyAway: (isAway) => valkeyAway.set({ enrichment }, isAway ? 1 : 0),
    valkeyRefused: () => valkeyRefused.inc({ enrichment }),
    published(published, changes) {
      const nowMs = Date.now();
      const counts = new Map<string, number>();
      for (const { status } of published) {
        if (status !== undefined) counts.set(status, (counts.get(status) ?? 0) + 1);
      }
      for (const [status, count] of counts) outcomes.inc({ enrichment, status }, count);
      for (const { committedAtMs, publishedAtMs } of changes) {
        commitToPublished(committedAtMs, publishedAtMs);
        publishedToEnriched(publishedAtMs, nowMs);
        commitToEnriched(committedAtMs, nowMs);
      }
    },
  };
}
