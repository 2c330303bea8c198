import { NEEDED as ENRICHER_NEEDS, run as runEnricher } from '../../services/enricher/main.ts';
import { run as runWriter, NEEDED as WRITER_NEEDS } from '../../services/writer/main.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { quoteIdentifier } from '../../shared/postgres/connect.ts';
import { type Role, roleName } from '../../shared/side-tables/names.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger, type LogLevel } from '../../shared/telemetry/logger.ts';
import type { TestPipeline } from './pipeline.ts';
import { brokers } from './stack.ts';
import { until } from './wait.ts';

const READY_MAX_MS = 120_000;
const LOG_LEVEL = (process.env.AFTERGLOW_TEST_LOG ?? 'silent') as LogLevel;

/** Services under the logins that `init` makes for them, which may do the least that they need; ready when this resolves. */
export const enrichAsItself = (pipeline: TestPipeline, enrichment: string): Promise<AsyncDisposable> =>
  asItself(pipeline, 'enricher', ENRICHER_NEEDS, (settings, signal) =>
    runEnricher({ ...settings, enrichment, aws: { mode: 'local', endpoint: pipeline.awsLocal.url } }, signal),
  );
export const writeAsItself = (pipeline: TestPipeline): Promise<AsyncDisposable> =>
  asItself(pipeline, 'writer', WRITER_NEEDS, runWriter);

async function asItself(
  { definition, database, client }: TestPipeline,
  role: Role,
  needed: readonly string[],
  run: (settings: ServiceSettings, signal: AbortSignal) => Promise<void>,
): Promise<AsyncDisposable> {
  const login = roleName(definition.pipeline, role);
  await client.query(`alter role ${quoteIdentifier(login)} login password 'secret'`);
  const url = new URL(database.url);
  url.username = login;
  url.password = 'secret';
  const stopping = new AbortController();
  const telemetry = createTelemetry(...needed);
  const ended = run(
    {
      definition,
      databaseUrl: url.href,
      brokers: [brokers()],
      logger: createLogger(role, LOG_LEVEL),
      telemetry,
    },
    stopping.signal,
  );
  ended.catch(() => {});
  const isReady = (): boolean => Object.keys(telemetry.readiness.missing).length === 0;
  await Promise.race([until(isReady, { deadlineMs: READY_MAX_MS, what: `the ${role} to be ready` }), ended]);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}
