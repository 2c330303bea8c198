import type { AwsSettings } from '../../shared/aws/settings.ts';
import type { Enrichment } from '../../shared/config/definition.ts';
import { policyVersion } from '../../shared/config/revision.ts';
import { cdcTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { compileEnrichment, type EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import { connectConsumer } from '../../shared/kafka/consumer.ts';
import { connectProducer, type RecordProducer } from '../../shared/kafka/producer.ts';
import { inBackground } from '../../shared/lifecycle/in-background.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { openModel } from '../../shared/models/index.ts';
import { findTable, readCatalog, type Table } from '../../shared/postgres/catalog.ts';
import { createPool, type DatabasePool } from '../../shared/postgres/connect.ts';
import { readTypeCatalog } from '../../shared/postgres/type-catalog.ts';
import { CommittedOffsets, checkOffsets, type GroupSettings } from '../../shared/progress/group-offsets.ts';
import { isStillInForce } from '../../shared/side-tables/in-force.ts';
import { requireKeyTypes } from '../../shared/side-tables/key-types.ts';
import { readEnrichmentTables } from '../../shared/side-tables/read-tables.ts';
import { redefinition } from '../../shared/side-tables/redefinition.ts';
import { registeredRevision } from '../../shared/side-tables/revisions.ts';
import { equalModelRevisions } from '../../shared/side-tables/stored-results.ts';
import type { ValkeyAddress } from '../../shared/valkey/address.ts';
import { CompletionReader } from './completion-read.ts';
import { Crashes, isOwnEnd } from './crash-counts.ts';
import { untilAnswered } from './database-wait.ts';
import { Dropped } from './dropped.ts';
import type { EnricherMetrics, PublishedChange } from './metrics.ts';
import { CALLS_MAX, ModelLanes, rowsInFlightMaxOf } from './model-lanes.ts';
import { observeCalls, observeDatabase } from './observe-calls.ts';
import { openValkey } from './open-valkey.ts';
import { type OutcomeContext, outcomeRecords } from './outcome-records.ts';
import { areFew, FETCHED, fetchInterval, sendSpacing } from './pace.ts';
import { prepare } from './prepare.ts';
import { askOnce, completeRow, type RowWorkParts } from './row-work.ts';
import { type RowSteps, type SettledRow, settle } from './settle.ts';
import { keepWithinBounds, sharedRequests } from './shared-requests.ts';
import { BudgetInForce } from './spend/budget-in-force.ts';
import { openSpending } from './spend/open-spending.ts';
import { redoOverBudget } from './spend/redo-over-budget.ts';
import { RetentionLag } from './spend/retention-lag.ts';
import { UnpaidRedos } from './spend/unpaid-redos.ts';
import { StoredResults } from './stored-results.ts';

export interface EnricherSettings extends ServiceSettings {
  /** Its name in the definition. */
  readonly enrichment: string;
  readonly aws: AwsSettings;
  /** Undefined: there is none. */
  readonly valkey?: ValkeyAddress | undefined;
}

/** Taken and not yet published. */
const WINDOW_BYTES_MAX = 8 * 1_048_576;
/** Looking up, keeping what was paid for, completing rows, and looking at the revision. */
const CONNECTIONS_MAX = 4;
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
  const { readiness } = telemetry;
  const enrichment = definition.enrichments[name];
  const source = definition.sources[enrichment?.from ?? ''];
  if (enrichment === undefined || source === undefined) {
    throw new AfterglowError('usage', `There is no enrichment ${name} in the definition.`, {
      remedy: `It has: ${Object.keys(definition.enrichments).join(', ') || 'none'}.`,
    });
  }
  await using cleanup = new AsyncDisposableStack();
  const applicationName = `${pipeline} enricher ${name}`;
  const database = createPool({
    url: databaseUrl,
    applicationName,
    connectionsMax: CONNECTIONS_MAX,
    refusesRowSecurity: true,
  });
  cleanup.defer(() => database.end());
  const revision = await registeredRevision(database, definition, name);
  // Before its source, to whose types it casts: whatever is altered from here on is seen in these.
  const tables = await readEnrichmentTables(database, name);
  await requireKeyTypes(database, definition, [name]);
  const { program, table } = await compileAgainstTable(database, enrichment, source.table);
  const { model } = cleanup.use(await openModel(enrichment, settings.aws, CALLS_MAX, definition.prices));
  const clientId = `${pipeline}.enricher.${name}`;
  const producer = cleanup.use(await connectProducer({ brokers, clientId, logger }));
  const over = new AbortController();
  const watched = AbortSignal.any([signal, over.signal]);
  const outdated = new AbortController();
  const redefined = redefinition(database, definition, [tables], logger, watched);
  const ending = AbortSignal.any([signal, outdated.signal, redefined]);
  const stopping = AbortSignal.any([ending, over.signal]);
  const databaseWaits = observeDatabase({ logger, readiness });
  const lag = new RetentionLag();
  const budget = await BudgetInForce.read(database, definition, logger);
  cleanup.use(inBackground((ended) => budget.keep(ended)));
  const { spending, savings } = cleanup.use(
    openSpending({
      mustNotWait: () => lag.isLate(Date.now()),
      definition,
      budget: () => budget.now,
      enrichment: name,
      table: source.table,
      isPaidPerCall: model.isPaidPerCall,
      database,
      databaseWaits,
      producer,
      logger,
      readiness,
      metrics,
      stopping,
    }),
  );
  const { valkey: address } = settings;
  const valkey =
    address === undefined || !model.isPaidPerCall
      ? undefined
      : cleanup.use(await openValkey({ address, awsMode: settings.aws.mode, database, logger, metrics }));
  const lanes = new ModelLanes(model, {
    callsPerSecond: enrichment.model.rate,
    observer: (lane) => observeCalls(lane, { logger, readiness, metrics }),
    payOnce: savings,
    spending,
    shared: sharedRequests({
      database,
      enrichment: name,
      observer: databaseWaits,
      valkey: valkey?.answers,
      signals: { stopping, aborting: over.signal },
    }),
  });
  cleanup.defer(async () => {
    over.abort();
    lanes.abort();
    await lanes.stop();
  });
  const topic = cdcTopic(pipeline, source.table.schema, source.table.name);
  const group: GroupSettings = {
    pipeline,
    group: enricherGroup(pipeline, name),
    topics: [{ topic, enrichment: name, table: source.table }],
    database,
    logger,
  };
  await checkOffsets(group, { brokers, clientId, logger }, producer);
  const crashes = await Crashes.read(database, group.group, topic, logger);
  const offsets = new CommittedOffsets();
  cleanup.use(inBackground((ended) => offsets.keep(group, ended)));
  if (model.isPaidPerCall) cleanup.use(inBackground((ended) => keepWithinBounds(database, logger, ended)));
  if (model.isPaidPerCall) {
    const waiting = { database, budget: () => budget.now, tables, source: source.table, logger };
    cleanup.use(inBackground((ended) => redoOverBudget(waiting, ended)));
  }
  const consumer = cleanup.use(
    await connectConsumer(
      { brokers, clientId, logger },
      {
        group: group.group,
        topics: [topic],
        window: FETCHED,
        fetchIntervalMs: fetchInterval(model),
        admit: async () => {
          const ask = (): Promise<boolean> => isStillInForce(database, definition, name);
          if (await untilAnswered(databaseWaits, stopping, ask)) return;
          logger.warn('the definition has changed since the start: beginning again');
          outdated.abort();
        },
        onCommitted: offsets.committed,
        onAssigned: (partitionCount) => {
          lanes.setShare(partitionCount / source.partitions);
          readiness.ready('group');
          logger.info({ partitions: partitionCount, revision }, 'enriching');
        },
        onRevoked: () => readiness.notReady('group', 'rebalancing'),
      },
    ),
  );

  const stop = (): void => {
    // What is only fetched comes again; what is under way may finish, since its answer may be paid for.
    consumer.queue.abandon();
    void lanes.stop();
    setTimeout(() => {
      over.abort();
      lanes.abort();
    }, CALLS_DRAIN_MAX_MS).unref();
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
  const preparation = { enrichment: name, program, keyColumns: table.key };
  const parts: RowWorkParts = {
    program,
    completion: new CompletionReader({
      database,
      table,
      columns: program.columns,
      types: await readTypeCatalog(database),
      observer: { ...databaseWaits, completed: metrics.completed },
      stopping,
    }),
    stored: new StoredResults({
      database,
      tables,
      model,
      revisions: await equalModelRevisions(database, name, revision),
      observer: { ...databaseWaits, found: savings.found, missed: savings.missed },
      stopping,
    }),
    unpaid: new UnpaidRedos({
      database,
      tables,
      account: spending.accountOf({ isRedo: true }),
      observer: databaseWaits,
      stopping,
    }),
    answeredBefore: (row) => lanes.answeredBefore(row),
    ask: (row, isWanted, redo) => lanes.ask(row, isWanted, redo),
  };
  const steps: RowSteps = {
    prepare: (record) => {
      lag.working(record.timestampMs);
      return prepare(record, preparation, crashes.taken(record));
    },
    complete: (row) => unlessEnding(ending, completeRow(row, parts)),
    ask: (row) => unlessEnding(ending, askOnce(row, parts)),
    isAlone: (record) => crashes.isAlone(record),
  };

  try {
    const window = { rowsMax: rowsInFlightMaxOf(model.limits), bytesMax: WINDOW_BYTES_MAX };
    const sends = sendSpacing(model);
    for await (const rows of settle(consumer.queue, steps, window)) {
      await publish(rows, context, producer, metrics);
      savings.filtered(rows.filter(({ prepared }) => prepared.kind === 'skipped').length);
      const records = rows.map(({ prepared }) => prepared.record);
      consumer.finish(records);
      await crashes.finished(database, records);
      if (areFew(rows)) await sends.turn();
    }
  } catch (error) {
    if (isOwnEnd(error)) await crashes.ended(database, consumer.uncommitted());
    throw error;
  }
  if (redefined.reason instanceof Fault) throw redefined.reason;
}

/** What waited for a part that is away is left to whoever comes next. */
function unlessEnding<Result>(ending: AbortSignal, work: Promise<Result>): Promise<Result> {
  return work.catch((error: unknown) => {
    throw ending.aborted ? new Dropped() : error;
  });
}

async function publish(
  rows: readonly SettledRow[],
  context: OutcomeContext,
  producer: RecordProducer,
  metrics: EnricherMetrics,
): Promise<void> {
  const outcomes = rows.map((row) => outcomeRecords(row, context));
  await producer.send(outcomes.flatMap(({ records }) => records));
  const changes: PublishedChange[] = [];
  let passed = 0;
  for (const [place, { prepared }] of rows.entries()) {
    const { value, timestampMs: publishedAtMs } = prepared.record;
    if (outcomes[place]?.status === undefined) passed += value === null ? 0 : 1;
    else if ('change' in prepared)
      changes.push({ committedAtMs: prepared.change.event.source.ts_us / 1000, publishedAtMs });
  }
  metrics.published(outcomes, changes);
  metrics.passed(passed);
}

async function compileAgainstTable(
  database: DatabasePool,
  enrichment: Enrichment,
  name: { readonly schema: string; readonly name: string },
): Promise<{ readonly program: EnrichmentProgram; readonly table: Table }> {
  const table = findTable(await readCatalog(database), name);
  if (table === undefined) {
    throw new AfterglowError('definition_invalid', `Table ${name.schema}.${name.name} does not exist.`);
  }
  return { program: compileEnrichment(enrichment, table.columns), table };
}
