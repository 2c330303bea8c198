import { NEEDED, run as runEnricher } from '../../services/enricher/main.ts';
import { quoteIdentifier } from '../../shared/postgres/connect.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger, type LogLevel } from '../../shared/telemetry/logger.ts';
import type { TestPipeline } from './pipeline.ts';
import { brokers } from './stack.ts';
import { until } from './wait.ts';

const READY_MAX_MS = 30_000;
const LOG_LEVEL = (process.env.AFTERGLOW_TEST_LOG ?? 'silent') as LogLevel;

/** An enricher under the login that `init` makes for it, which may do the least that it needs; ready when this resolves. */
export async function enrichAsItself(pipeline: TestPipeline, enrichment: string): Promise<AsyncDisposable> {
  const { definition, database, client, awsLocal } = pipeline;
  const role = `${definition.pipeline}_enricher`;
  await client.query(`alter role ${quoteIdentifier(role)} login password 'secret'`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  const stopping = new AbortController();
  const telemetry = createTelemetry(...NEEDED);
  const ended = runEnricher(
    {
      definition,
      databaseUrl: url.href,
      brokers: [brokers()],
      logger: createLogger('enricher', LOG_LEVEL),
      telemetry,
      enrichment,
      aws: { mode: 'local', endpoint: awsLocal.url },
    },
    stopping.signal,
  );
  ended.catch(() => {});
  const isReady = (): boolean => Object.keys(telemetry.readiness.missing).length === 0;
  await Promise.race([until(isReady, { deadlineMs: READY_MAX_MS, what: 'the enricher to be ready' }), ended]);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}
