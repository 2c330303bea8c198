import type { AwsSettings } from '../../shared/aws/settings.ts';
import { microBatches } from '../../shared/batching/micro-batches.ts';
import type { Definition, Enrichment } from '../../shared/config/definition.ts';
import { policyVersion } from '../../shared/config/revision.ts';
import { cdcTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { POLICY } from '../../shared/errors/policy.ts';
import { compileEnrichment, type EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import { connectProducer, type RecordProducer } from '../../shared/kafka/producer.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { openModel } from '../../shared/models/index.ts';
import type { RowInput } from '../../shared/models/model.ts';
import { findTable, readCatalog } from '../../shared/postgres/catalog.ts';
import { createPool, type DatabasePool } from '../../shared/postgres/connect.ts';
import { isTransient } from '../../shared/postgres/transient.ts';
import { registeredRevision } from '../../shared/side-tables/revisions.ts';
import { askModel } from './ask.ts';
import type { CallObserver } from './call.ts';
import type { EnricherMetrics } from './metrics.ts';
import { type OutcomeContext, outcomeRecords } from './outcome-records.ts';
import { prepare } from './prepare.ts';
import { CallWindow, type Settled, settle } from './settle.ts';

export interface EnricherSettings extends ServiceSettings {
  /** Its name in the definition. */
  readonly enrichment: string;
  readonly aws: AwsSettings;
}

const CALLS_MAX = 4;
const WINDOW = { rowsMax: 5_000, bytesMax: 16 * 1_048_576 };
const REVISION_LOOK_INTERVAL_MS = 5_000;
/** Shorter than the time that a process has to end, so that what is answered by then can still be published. */
const CALLS_DRAIN_MAX_MS = 8_000;

/** One membership of the enrichment's group, from the checks at its start until `signal` aborts or anything breaks. */
export async function runSession(
  settings: EnricherSettings,
  metrics: EnricherMetrics,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl, brokers, logger, telemetry, enrichment: name } = settings;
  const { pipeline } = definition;
  const enrichment = definition.enrichments[name];
  const source = definition.sources[enrichment?.from ?? ''];
  if (enrichment === undefined || source === undefined) {
    throw new AfterglowError('usage', `There is no enrichment ${name} in the definition.`, {
      remedy: `It has: ${Object.keys(definition.enrichments).join(', ') || 'none'}.`,
    });
  }
  await using cleanup = new AsyncDisposableStack();
  const applicationName = `${pipeline} enricher ${name}`;
  const database = createPool({ url: databaseUrl, applicationName, connectionsMax: 1 });
  cleanup.defer(() => database.end());
  const revision = await registeredRevision(database, definition, name);
  const { program, keyColumns } = await compileAgainstTable(database, enrichment, source.table);
  const { model } = cleanup.use(await openModel(enrichment, settings.aws, CALLS_MAX));
  const clientId = `${pipeline}.enricher.${name}`;
  const producer = cleanup.use(await connectProducer({ brokers, clientId, logger }));
  const consumer = cleanup.use(
    await connectConsumer(
      { brokers, clientId, logger },
      {
        group: enricherGroup(pipeline, name),
        topics: [cdcTopic(pipeline, source.table.schema, source.table.name)],
        window: WINDOW,
        onAssigned: (partitionCount) => {
          telemetry.readiness.ready('group');
          logger.info({ partitions: partitionCount, revision }, 'enriching');
        },
        onRevoked: () => telemetry.readiness.notReady('group', 'rebalancing'),
      },
    ),
  );

  const over = new AbortController();
  const watched = AbortSignal.any([signal, over.signal]);
  const ending = AbortSignal.any([signal, redefinition(database, definition, name, logger, watched)]);
  const stop = (): void => {
    // What is only fetched comes again; what is under way may finish, since its answer may be paid for.
    consumer.queue.abandon();
    setTimeout(() => over.abort(), CALLS_DRAIN_MAX_MS).unref();
  };
  ending.addEventListener('abort', stop, { once: true });
  if (ending.aborted) stop();
  const context: OutcomeContext = {
    pipeline,
    enrichment: name,
    revision,
    policyVersion: policyVersion(enrichment),
    model: model.id,
    program,
    nowMs: Date.now,
  };
  const window = new CallWindow(CALLS_MAX);
  const observer = observe(settings, metrics);
  const signals = { stopping: AbortSignal.any([ending, over.signal]), aborting: over.signal };
  const batches = microBatches(consumer.queue, model.limits, () => window.inFlight > 0);
  const preparation = { enrichment: name, program, keyColumns };
  const prepareRecord = (record: FetchedRecord) =>
    consumer.isCurrent(record) ? prepare(record, preparation) : ({ kind: 'pass', record } as const);
  const ask = (rows: readonly RowInput[]) => endingAllOnError(over, askModel(model, rows, observer, signals));

  try {
    for await (const settled of settle(batches, prepareRecord, ask, window)) {
      await endingAllOnError(over, publish(settled, context, producer, metrics));
      consumer.finish(settled.records);
    }
  } catch (error) {
    // What was not finished in time is repeated by whoever comes next.
    if (!ending.aborted) throw error;
  } finally {
    over.abort();
  }
}

/** One failure ends the session, and with it every call: their answers could not be published in order any more. */
async function endingAllOnError<T>(over: AbortController, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    over.abort();
    throw error;
  }
}

async function publish(
  settled: Settled,
  context: OutcomeContext,
  producer: RecordProducer,
  metrics: EnricherMetrics,
): Promise<void> {
  const outcomes = settled.rows.map((row) => outcomeRecords(row, context));
  await producer.send(outcomes.flatMap(({ records }) => records));
  const committedAtMs = settled.rows.flatMap(({ prepared }) =>
    'change' in prepared ? [prepared.change.event.source.ts_us / 1000] : [],
  );
  metrics.published(outcomes, committedAtMs);
}

async function compileAgainstTable(
  database: DatabasePool,
  enrichment: Enrichment,
  table: { readonly schema: string; readonly name: string },
): Promise<{ readonly program: EnrichmentProgram; readonly keyColumns: readonly string[] }> {
  const found = findTable(await readCatalog(database), table);
  if (found === undefined) {
    throw new AfterglowError('definition_invalid', `Table ${table.schema}.${table.name} does not exist.`);
  }
  return { program: compileEnrichment(enrichment, found.columns), keyColumns: found.key };
}

function observe({ logger, telemetry }: EnricherSettings, metrics: EnricherMetrics): CallObserver {
  let pausedCalls = 0;
  return {
    called: (rows, durationMs) => metrics.called(rows, durationMs),
    failed(fault, rows) {
      metrics.failed(fault);
      const { kind, code, httpStatus, requestId, message } = fault;
      logger.warn(
        { kind, code, http_status: httpStatus, request_id: requestId, rows, reason: message },
        'a model call failed',
      );
    },
    paused(fault) {
      pausedCalls++;
      metrics.paused(true);
      telemetry.readiness.notReady('model', `${fault.kind}: ${fault.code}. ${POLICY[fault.kind].hint}`);
    },
    resumed() {
      if (--pausedCalls > 0) return;
      metrics.paused(false);
      telemetry.readiness.ready('model');
    },
  };
}

/** Aborts when `init` has registered another definition of the enrichment: this one's results would be outdated. */
function redefinition(
  database: DatabasePool,
  definition: Definition,
  name: string,
  logger: ServiceSettings['logger'],
  signal: AbortSignal,
): AbortSignal {
  const redefined = new AbortController();
  const look = async (): Promise<void> => {
    while (await pause(REVISION_LOOK_INTERVAL_MS, signal)) {
      try {
        await registeredRevision(database, definition, name);
      } catch (error) {
        // A database that is away says nothing about the definition; its own users notice.
        if (isTransient(error)) continue;
        logger.warn({ err: error }, 'the definition has changed: draining');
        redefined.abort();
        return;
      }
    }
  };
  void look();
  return redefined.signal;
}
