import { microBatches } from '../../shared/batching/micro-batches.ts';
import { type AnyEnrichedEvent, isEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import { deadLetterRecord, failureOf } from '../../shared/kafka/dead-letters.ts';
import { connectProducer, type RecordProducer } from '../../shared/kafka/producer.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { createPool, type DatabasePool, inTransaction } from '../../shared/postgres/connect.ts';
import { readEnrichmentTables } from '../../shared/side-tables/read-tables.ts';
import { writerStatements } from '../../shared/side-tables/statements.ts';
import { type Applied, applyOutcomes, type Target } from './apply.ts';
import type { WriterMetrics } from './metrics.ts';

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
  const consumer = cleanup.use(
    await connectConsumer(
      { brokers, clientId, logger },
      {
        group: writerGroup(pipeline),
        topics: [...targets.keys()],
        window: WINDOW,
        onAssigned: (partitionCount) => {
          telemetry.readiness.ready('group');
          logger.info({ partitions: partitionCount }, 'writing');
        },
        onRevoked: () => telemetry.readiness.notReady('group', 'rebalancing'),
      },
    ),
  );
  const stop = (): void => consumer.queue.close();
  signal.addEventListener('abort', stop, { once: true });
  cleanup.defer(() => signal.removeEventListener('abort', stop));
  if (signal.aborted) stop();

  for await (const batch of microBatches(consumer.queue, BATCH, () => true)) {
    const current = batch.filter((record) => consumer.isCurrent(record));
    const { outcomes, unreadable } = readOutcomes(current);
    await archive(unreadable, targets, pipeline, producer);
    const startedAtMs = performance.now();
    const applied = await inTransaction(pool, (client) => applyByTopic(client, outcomes, targets));
    metrics.batch(performance.now() - startedAtMs);
    for (const { topic, result, count } of applied) {
      metrics.written(targets.get(topic)?.tables.enrichment ?? topic, count, result);
    }
    consumer.finish(batch);
  }
}

type OutcomesByTopic = ReadonlyMap<string, readonly AnyEnrichedEvent[]>;

async function applyByTopic(
  client: Parameters<typeof applyOutcomes>[0],
  outcomes: OutcomesByTopic,
  targets: ReadonlyMap<string, Target>,
): Promise<readonly { readonly topic: string; readonly result: Applied; readonly count: number }[]> {
  const applied = [];
  // Always in one order, so that two writers wait for each other instead of deadlocking.
  for (const [topic, target] of targets) {
    const events = outcomes.get(topic);
    if (events === undefined) continue;
    applied.push({ topic, count: events.length, result: await applyOutcomes(client, target, events) });
  }
  return applied;
}

/** Tombstones say nothing that the deletion before them did not. */
function readOutcomes(records: readonly FetchedRecord[]): {
  readonly outcomes: OutcomesByTopic;
  readonly unreadable: readonly FetchedRecord[];
} {
  const outcomes = new Map<string, AnyEnrichedEvent[]>();
  const unreadable: FetchedRecord[] = [];
  for (const record of records) {
    if (record.value === null) continue;
    const event = parse(record.value);
    if (!isEnrichedEvent(event)) {
      unreadable.push(record);
      continue;
    }
    const known = outcomes.get(record.topic);
    if (known === undefined) outcomes.set(record.topic, [event]);
    else known.push(event);
  }
  return { outcomes, unreadable };
}

function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What somebody else put on our topic: kept byte for byte, so that it blocks nobody and is not lost. */
async function archive(
  records: readonly FetchedRecord[],
  targets: ReadonlyMap<string, Target>,
  pipeline: string,
  producer: RecordProducer,
): Promise<void> {
  const fault = new Fault('undecodable', 'shape', 'not an outcome event');
  const letters = records.map((record) => {
    const enrichment = targets.get(record.topic)?.tables.enrichment ?? '';
    const failure = failureOf(fault, 0);
    return deadLetterRecord({
      pipeline,
      enrichment,
      stage: 'write',
      record,
      row: undefined,
      failure,
      nowMs: Date.now(),
    }).record;
  });
  await producer.send(letters);
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
