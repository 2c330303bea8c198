import { Counter, Histogram, type Registry } from 'prom-client';
import { LATENCY_BUCKETS_SECONDS, METRIC } from '../../shared/telemetry/metrics.ts';
import type { Applied } from './apply.ts';

export interface WriterMetrics {
  written(enrichment: string, events: number, applied: Applied): void;
  batch(durationMs: number): void;
}

export function writerMetrics(registry: Registry): WriterMetrics {
  const registers = [registry];
  const names = METRIC.writer;
  const labelNames = ['enrichment'] as const;
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  const events = counter(names.events, 'Outcomes taken from the topics.');
  const applied = counter(names.applied, 'Outcomes that became the state of their key.');
  const superseded = counter(names.superseded, 'Outcomes older than what was there, or repeated.');
  const latency = new Histogram({
    name: names.commitToWritten,
    help: 'From the commit of the row to the commit of its result beside it.',
    labelNames,
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  const duration = new Histogram({
    name: names.batchDuration,
    help: 'Duration of one transaction into the side tables.',
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  return {
    written(enrichment, count, result) {
      events.inc({ enrichment }, count);
      applied.inc({ enrichment }, result.written.length);
      superseded.inc({ enrichment }, result.superseded);
      const nowMs = Date.now();
      for (const { source } of result.written) {
        latency.observe({ enrichment }, Math.max(0, nowMs - Date.parse(source.committed_at)) / 1000);
      }
    },
    batch: (durationMs) => duration.observe(durationMs / 1000),
  };
}
