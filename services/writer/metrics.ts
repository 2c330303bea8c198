import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Outcome } from '../../shared/side-tables/parameters.ts';
import { LATENCY_BUCKETS_SECONDS, METRIC } from '../../shared/telemetry/metrics.ts';
import type { Applied } from './apply.ts';

const BATCH_ROWS_BUCKETS = [1, 3, 10, 30, 100, 300, 1_000];

export interface WriterMetrics {
  /** `enrichedAtMs`: when an outcome was on its topic. */
  written(
    enrichment: string,
    events: number,
    applied: Applied,
    enrichedAtMs: (outcome: Outcome) => number | undefined,
  ): void;
  /** Outcomes that are older than one before them on the topic, and the last of their key so far. */
  late(enrichment: string, keys: number): void;
  batch(rows: number, durationMs: number): void;
  /** A batch that was tried again, by SQLSTATE. */
  retried(state: string): void;
  /** A row that the database does not take. */
  refused(enrichment: string, code: string): void;
  paused(isPaused: boolean): void;
  rested(restMs: number): void;
}

export function writerMetrics(registry: Registry): WriterMetrics {
  const registers = [registry];
  const names = METRIC.writer;
  const labelNames = ['enrichment'] as const;
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  const events = counter(names.events, 'Outcomes taken from the topics.');
  const applied = counter(names.applied, 'Outcomes that became the state of their key.');
  const superseded = counter(names.superseded, 'Outcomes older than what was there, or repeated.');
  const late = counter(names.late, 'Outcomes behind a newer one of their key on the topic, repetitions too.');
  const latency = (name: string, help: string) =>
    new Histogram({ name, help, labelNames, buckets: LATENCY_BUCKETS_SECONDS, registers });
  const commitToWritten = latency(
    names.commitToWritten,
    'From the commit of the row to the commit of its result beside it.',
  );
  const enrichedToWritten = latency(
    names.enrichedToWritten,
    'From the place of the outcome on its topic to the commit of its result beside the row.',
  );
  const duration = new Histogram({
    name: names.batchDuration,
    help: 'Duration of one transaction into the side tables.',
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  const rows = new Histogram({
    name: names.batchRows,
    help: 'Outcomes in one transaction.',
    buckets: BATCH_ROWS_BUCKETS,
    registers,
  });
  const retries = new Counter({
    name: names.retries,
    help: 'Transactions that the database did not take at once, by SQLSTATE; "connection" where there was none.',
    labelNames: ['sqlstate'] as const,
    registers,
  });
  const refused = new Counter({
    name: names.refused,
    help: 'Rows that the database refused, by SQLSTATE; "shape" where it was not asked.',
    labelNames: ['enrichment', 'sqlstate'] as const,
    registers,
  });
  const paused = new Gauge({
    name: names.paused,
    help: '1 while the database takes no batch.',
    registers,
  });
  const rested = new Counter({
    name: names.rested,
    help: 'Time for which a slow database was left alone.',
    registers,
  });
  return {
    written(enrichment, count, result, enrichedAtMs) {
      events.inc({ enrichment }, count);
      applied.inc({ enrichment }, result.written.length);
      superseded.inc({ enrichment }, result.superseded);
      const nowMs = Date.now();
      if (result.written.length === 0) return;
      const sinceCommit = commitToWritten.labels({ enrichment });
      const sinceEnriched = enrichedToWritten.labels({ enrichment });
      for (const outcome of result.written) {
        sinceCommit.observe(Math.max(0, nowMs - Date.parse(outcome.source.committed_at)) / 1000);
        sinceEnriched.observe(Math.max(0, nowMs - (enrichedAtMs(outcome) ?? nowMs)) / 1000);
      }
    },
    late: (enrichment, keys) => late.inc({ enrichment }, keys),
    batch(count, durationMs) {
      rows.observe(count);
      duration.observe(durationMs / 1000);
    },
    retried: (sqlstate) => retries.inc({ sqlstate }),
    refused: (enrichment, sqlstate) => refused.inc({ enrichment, sqlstate }),
    paused: (isPaused) => paused.set(isPaused ? 1 : 0),
    rested: (restMs) => rested.inc(restMs / 1000),
  };
}
