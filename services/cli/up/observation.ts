import { Collector } from '../view/collector.ts';
import { DatabaseReadings } from '../view/database-readings.ts';
import { KafkaReadings } from '../view/kafka-readings.ts';
import { partViews, type UpParts } from './parts.ts';
import type { Summary } from './summary.ts';
import type { UpRun } from './up-run.ts';

export interface StartedAt {
  readonly date: Date;
  /** On the clock of performance.now(). */
  readonly atMs: number;
}

export interface Observation extends AsyncDisposable {
  readonly collector: Collector;
  /** Taken while everything still answers. */
  summary(): Promise<Summary>;
}

export function observe(run: UpRun, parts: UpParts, startedAt: StartedAt): Observation {
  const { definition, services, plan, options, folders } = run;
  const isDemo = plan.database.owner === 'embedded' || options.demoIntoThisDatabase;
  const database = new DatabaseReadings(parts.databaseUrl, definition);
  const kafka = new KafkaReadings(parts.brokers, definition);
  const collector = new Collector({
    parts: partViews(plan, parts),
    services: () => services.observed(),
    notice: () => services.notice,
    database,
    kafka,
    isDemo,
    startedAtMs: startedAt.atMs,
  });
  const isKept = plan.database.owner === 'embedded' || plan.kafka.owner === 'embedded';
  return {
    collector,
    async summary() {
      await collector.collect();
      const { figures } = collector;
      return {
        elapsedMs: performance.now() - startedAt.atMs,
        totals: figures.totals,
        results: await database.resultsSince(startedAt.date).catch(() => []),
        flagged: await database.flaggedSince(startedAt.date).catch(() => undefined),
        latency: figures.latencyInAll,
        firstScoreMs: collector.firstScoreMs,
        dataFolder: isKept ? folders.data : undefined,
      };
    },
    async [Symbol.asyncDispose]() {
      await collector.settle();
      await Promise.all([database[Symbol.asyncDispose](), kafka[Symbol.asyncDispose]()]);
    },
  };
}
