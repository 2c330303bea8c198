import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Fault } from '../../shared/errors/policy.ts';
import { LATENCY_BUCKETS_SECONDS, METRIC } from '../../shared/telemetry/metrics.ts';
import type { OutcomeRecords } from './outcome-records.ts';

export interface EnricherMetrics {
  called(rows: number, durationMs: number): void;
  failed(fault: Fault): void;
  paused(paused: boolean): void;
  published(outcomes: readonly OutcomeRecords[], committedAtMs: readonly number[]): void;
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
  const latency = new Histogram({
    name: names.commitToEnriched,
    help: 'From the commit in PostgreSQL to the confirmation of the outcome by Kafka.',
    labelNames,
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  const pausedGauge = new Gauge({
    name: names.paused,
    help: '1 while the model cannot be used.',
    labelNames,
    registers,
  });
  pausedGauge.set({ enrichment }, 0);
  return {
    called(rows, durationMs) {
      calls.inc({ enrichment });
      duration.observe({ enrichment }, durationMs / 1000);
      batchRows.observe({ enrichment }, rows);
    },
    failed: ({ kind, code }) => faults.inc({ enrichment, kind, code }),
    paused: (paused) => pausedGauge.set({ enrichment }, paused ? 1 : 0),
    published(published, committedAtMs) {
      const nowMs = Date.now();
      for (const { status } of published) if (status !== undefined) outcomes.inc({ enrichment, status });
      for (const atMs of committedAtMs) latency.observe({ enrichment }, Math.max(0, nowMs - atMs) / 1000);
    },
  };
}
