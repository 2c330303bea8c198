import { microBatches } from '../../shared/batching/micro-batches.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { isEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import type { Fault } from '../../shared/errors/policy.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { inBackground } from '../../shared/lifecycle/in-background.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { createPool, type DatabasePool, inTransaction } from '../../shared/postgres/connect.ts';
import {
  CommittedOffsets,
  checkOffsets,
  type GroupSettings,
  type TakenTopic,
} from '../../shared/progress/group-offsets.ts';
import { readEnrichmentTables } from '../../shared/side-tables/read-tables.ts';
import { writerStatements } from '../../shared/side-tables/statements.ts';
import { type Applied, applyOutcomes, type Target } from './apply.ts';
import { Archive } from './archive.ts';
import type { WriterMetrics } from './metrics.ts';
import { type Arrival, applyIsolating } from './refusals.ts';

const BATCH = { rowsMax: 1_000, bytesMax: 4 * 1_048_576, waitMaxMs: 0 };
const WINDOW = { rowsMax: 10_000, bytesMax: 32 * 1_048_576 };
const CONNECTIONS_MAX = 2;

/** One membership of the writer's group, from the checks at its start until `signal` aborts or anything breaks. */
export async function runSession(
  settings: ServiceSettings,
  metrics: WriterMetrics,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl, brokers, logger, telemetry } = settings;
  const { pipeline } = definition;
  const clientId = `${pipeline}.writer`;
  await using cleanup = new AsyncDisposableStack();
  const pool = createPool({
    url: databaseUrl,
    applicationName: `${pipeline} writer`,
    connectionsMax: CONNECTIONS_MAX,
  });
  cleanup.defer(() => pool.end());
  const targets = await readTargets(pool, pipeline, Object.keys(definition.enrichments));
  telemetry.readiness.ready('database');
  const producer = cleanup.use(await connectProducer({ brokers, clientId, logger }));
  const group: GroupSettings = {
    pipeline,
    group: writerGroup(pipeline),
    topics: takenTopics(definition),
    database: pool,
    logger,
  };
  await checkOffsets(group, { brokers, clientId, logger }, producer);
  const offsets = new CommittedOffsets();
  cleanup.use(inBackground((ended) => offsets.keep(group, ended)));
  const consumer = cleanup.use(
    await connectConsumer(
      { brokers, clientId, logger },
      {
        group: group.group,
        topics: [...targets.keys()],
        window: WINDOW,
        onCommitted: offsets.committed,
        onAssigned: (partitionCount) => {
          telemetry.readiness.ready('group');
          logger.info({ partitions: partitionCount }, 'writing');
        },
        onRevoked: () => telemetry.readiness.notReady('group', 'rebalancing'),
      },
    ),
  );
  const stop = (): void => consumer.queue.abandon();
  signal.addEventListener('abort', stop, { once: true });
  cleanup.defer(() => signal.removeEventListener('abort', stop));
  if (signal.aborted) stop();

  const archive = new Archive(pipeline, producer, targets);
  const apply = async (arrivals: readonly Arrival[]): Promise<void> => {
    const startedAtMs = performance.now();
    const applied = await inTransaction(pool, (client) => applyByTopic(client, arrivals, targets));
    metrics.batch(performance.now() - startedAtMs);
    for (const { enrichment, result, count } of applied) metrics.written(enrichment, count, result);
  };
  const refuse = async (arrival: Arrival, fault: Fault): Promise<void> => {
    logger.warn(
      { code: fault.code, topic: arrival.record.topic },
      'the database refuses a row: it is failed and archived',
    );
    // Its failure may be refused for the same reason, a key for instance: then the archive alone has it.
    await applyIsolating([await archive.refused(arrival, fault)], apply, async () => {});
  };

  for await (const batch of microBatches(consumer.queue, BATCH, () => true)) {
    const current = batch.filter((record) => consumer.isCurrent(record));
    const { arrivals, unreadable } = readOutcomes(current);
    await archive.unreadable(unreadable);
    await applyIsolating(arrivals, apply, refuse);
    consumer.finish(batch);
  }
}

async function applyByTopic(
  client: Parameters<typeof applyOutcomes>[0],
  arrivals: readonly Arrival[],
  targets: ReadonlyMap<string, Target>,
): Promise<readonly { readonly enrichment: string; readonly result: Applied; readonly count: number }[]> {
  const byTopic = Map.groupBy(arrivals, ({ record }) => record.topic);
  const applied = [];
  // Always in one order, so that two writers wait for each other instead of deadlocking.
  for (const [topic, target] of targets) {
    const events = byTopic.get(topic)?.map(({ event }) => event);
    if (events === undefined) continue;
    const result = await applyOutcomes(client, target, events);
    applied.push({ enrichment: target.tables.enrichment, count: events.length, result });
  }
  return applied;
}

/** Tombstones say nothing that the deletion before them did not. */
function readOutcomes(records: readonly FetchedRecord[]): {
  readonly arrivals: readonly Arrival[];
  readonly unreadable: readonly FetchedRecord[];
} {
  const arrivals: Arrival[] = [];
  const unreadable: FetchedRecord[] = [];
  for (const record of records) {
    if (record.value === null) continue;
    const event = parse(record.value);
    if (isEnrichedEvent(event)) arrivals.push({ record, event });
    else unreadable.push(record);
  }
  return { arrivals, unreadable };
}

function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}

function takenTopics({ pipeline, enrichments, sources }: Definition): readonly TakenTopic[] {
  return Object.entries(enrichments).flatMap(([enrichment, { from }]) => {
    const table = sources[from]?.table;
    return table === undefined ? [] : [{ topic: enrichedTopic(pipeline, enrichment), enrichment, table }];
  });
}

async function readTargets(
  pool: DatabasePool,
  pipeline: string,
  enrichments: readonly string[],
): Promise<ReadonlyMap<string, Target>> {
  const targets = new Map<string, Target>();
  for (const enrichment of enrichments.toSorted()) {
    const tables = await readEnrichmentTables(pool, enrichment);
    targets.set(enrichedTopic(pipeline, enrichment), { tables, statements: writerStatements(tables) });
  }
  return targets;
}
