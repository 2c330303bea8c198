// Reader and writer beside the enrichers of test/support/enrichment.ts, in this process.
import { run as runReader } from '../../services/reader/main.ts';
import { run as runWriter } from '../../services/writer/main.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { TestEnrichment } from './enrichment.ts';
import { brokers } from './stack.ts';
import { until } from './wait.ts';

const READY_MAX_MS = 120_000;

/** Resolves once it streams and the first load has ended: what is inserted before that may be read twice. */
export async function readerHere(setting: TestEnrichment): Promise<AsyncDisposable> {
  await using disposal = new AsyncDisposableStack();
  disposal.use(here('reader', runReader, setting));
  await until(
    async () => {
      const streams = await setting.client.query(
        'select from pg_replication_slots where active and database = current_database()',
      );
      const loads = await setting.client.query(
        "select from afterglow_internal.redo_jobs where state <> 'done'",
      );
      return streams.rowCount === 1 && loads.rowCount === 0;
    },
    { deadlineMs: READY_MAX_MS, what: 'the reader to stream, and the first load to end' },
  );
  return disposal.move();
}

export const writerHere = (setting: TestEnrichment): AsyncDisposable => here('writer', runWriter, setting);

function here(
  name: string,
  run: (settings: ServiceSettings, signal: AbortSignal) => Promise<void>,
  { definition, databaseUrl }: TestEnrichment,
): AsyncDisposable {
  const stopping = new AbortController();
  const settings = {
    definition,
    databaseUrl,
    brokers: [brokers()],
    logger: createLogger(name, 'silent'),
    telemetry: createTelemetry(),
  };
  const ended = run(settings, stopping.signal);
  ended.catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}
