import { intervalByLoad } from '../../shared/batching/interval-by-load.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { connectConsumer } from '../../shared/kafka/consumer.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { readTopicIds } from '../../shared/kafka/topic-ids.ts';
import { inBackground } from '../../shared/lifecycle/in-background.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { createPool } from '../../shared/postgres/connect.ts';
import type { TakenTopic } from '../../shared/progress/consumer-gaps.ts';
import { CommittedOffsets, checkOffsets, type GroupSettings } from '../../shared/progress/group-offsets.ts';
import { requireKeysAsRead, requireKeyTypes } from '../../shared/side-tables/key-types.ts';
import { redefinition } from '../../shared/side-tables/redefinition.ts';
import { Archive } from './archive.ts';
import { checkCompaction } from './compaction.ts';
import { createLane } from './create-lane.ts';
import { keepForgetting } from './forget-deleted.ts';
import { readHomes } from './homes.ts';
import { type Lane, runLanes } from './lanes.ts';
import { LateKeys } from './late-keys.ts';
import { ViewMending } from './mend-views.ts';
import type { WriterMetrics } from './metrics.ts';
import { observeDatabase } from './observe-database.ts';
import { LateKeysRedo } from './redo-late-keys.ts';
import type { RefusalsInARow } from './refusals-in-a-row.ts';
import { readTargets } from './targets.ts';
import { goBackToWritten, watchWritten } from './went-back.ts';
import { WrittenOutcomes } from './written-outcomes.ts';

const WINDOW = { rowsMax: 10_000, bytesMax: 16 * 1_048_576 };
/** A topic that was full has work for longer than that. */
const FETCH_WAIT_MAX_MS = 100;
/** The tables lie in the application's own database: transactions with a few more rows in each take less of it. */
const FETCH_INTERVAL = { leastMs: 10, busyMs: 40 };
/** Beside those of the lanes: looks at the definition, and views. */
const CONNECTIONS_BESIDE = 2;

export interface WriterSettings extends ServiceSettings {
  /** Sends the key of each flagged row to whoever listens. */
  readonly notifiesFlagged?: boolean;
}

/** One membership of the writer's group, from the checks at its start until `signal` aborts or anything breaks. */
export async function runSession(
  settings: WriterSettings,
  metrics: WriterMetrics,
  refusals: RefusalsInARow,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl, brokers, logger, telemetry } = settings;
  const { pipeline } = definition;
  const { readiness } = telemetry;
  const clientId = `${pipeline}.writer`;
  await using cleanup = new AsyncDisposableStack();
  const pool = createPool({
    url: databaseUrl,
    applicationName: `${pipeline} writer`,
    connectionsMax: Object.keys(definition.enrichments).length + CONNECTIONS_BESIDE,
  });
  cleanup.defer(() => pool.end());
  const targets = await readTargets(pool, definition);
  const homes = await readHomes(pool, definition);
  readiness.ready('database');
  const producer = cleanup.use(await connectProducer({ brokers, clientId, logger }));
  const group: GroupSettings = {
    pipeline,
    group: writerGroup(pipeline),
    topics: takenTopics(definition),
    database: pool,
    logger,
  };
  const startedAtMs = Date.now();
  await checkOffsets(group, { brokers, clientId, logger }, producer);
  await checkCompaction(group, { brokers, clientId, logger }, producer, startedAtMs);
  const topicIds = await readTopicIds({ brokers, clientId, logger }, [...targets.keys()]);
  const places = { database: pool, kafka: { brokers, clientId, logger }, group: group.group, topicIds };
  const lateKeys = new LateKeys(metrics);
  await lateKeys.look(pool);
  const offsets = new CommittedOffsets();
  cleanup.use(inBackground((ended) => offsets.keep(group, ended)));
  const consumer = cleanup.use(
    await connectConsumer(
      { brokers, clientId, logger },
      {
        group: group.group,
        topics: [...targets.keys()],
        window: WINDOW,
        fetchWaitMaxMs: FETCH_WAIT_MAX_MS,
        fetchIntervalMs: intervalByLoad(FETCH_INTERVAL),
        admit: (admission) => goBackToWritten(places, admission),
        onCommitted: offsets.committed,
        onAssigned: (partitionCount) => {
          readiness.ready('group');
          logger.info({ partitions: partitionCount }, 'writing');
        },
        onRevoked: () => readiness.notReady('group', 'rebalancing'),
      },
    ),
  );
  const over = new AbortController();
  cleanup.defer(() => over.abort());
  const watched = AbortSignal.any([signal, over.signal]);
  const enrichments = Object.keys(definition.enrichments);
  const broken = new AbortController();
  const read = Array.from(targets.values(), ({ tables }) => tables);
  const redefined = redefinition(pool, definition, read, logger, watched);
  const ending = AbortSignal.any([signal, redefined, broken.signal]);
  const stop = (): void => {
    for (const queue of consumer.queues.values()) queue.abandon();
  };
  ending.addEventListener('abort', stop, { once: true });
  if (ending.aborted) stop();

  const views = new ViewMending({
    pipeline,
    sources: Object.keys(definition.sources),
    database: pool,
    kafka: { brokers, clientId: `${clientId}.notices`, logger },
    logger,
  });
  cleanup.use(inBackground((ended) => views.keep(ended)));
  cleanup.use(inBackground((ended) => keepForgetting(pool, targets.values(), logger, ended)));
  const redo = new LateKeysRedo({ group, kafka: { brokers, clientId, logger }, targets, lateKeys });
  cleanup.use(inBackground((ended) => redo.keep(ended)));
  const archive = new Archive(pipeline, producer, targets);
  const observer = observeDatabase({ logger, readiness, metrics });
  const writtenOutcomes: WrittenOutcomes[] = [];
  const lanes = Array.from(consumer.queues, ([topic, queue]): Lane => {
    const written = new WrittenOutcomes(pool, topicIds);
    writtenOutcomes.push(written);
    return createLane(queue, {
      pool,
      targets,
      homes,
      archive,
      lateKeys,
      written,
      metrics,
      logger,
      refusals,
      consumer,
      observed: observer.lane(topic),
      startedAtMs,
      ending,
      requireKeyTypes: async () => {
        await requireKeyTypes(pool, definition, enrichments);
        await requireKeysAsRead(pool, read);
      },
      notifiesFlagged: settings.notifiesFlagged === true,
    });
  });
  const wentBack = watchWritten(places, writtenOutcomes, watched);
  wentBack.addEventListener('abort', () => broken.abort(), { once: true });
  await runLanes(lanes, () => broken.abort());
  wentBack.throwIfAborted();
  if (redefined.reason instanceof Fault) throw redefined.reason;
}

function takenTopics({ pipeline, enrichments, sources }: Definition): readonly TakenTopic[] {
  return Object.entries(enrichments).flatMap(([enrichment, { from }]) => {
    const table = sources[from]?.table;
    return table === undefined ? [] : [{ topic: enrichedTopic(pipeline, enrichment), enrichment, table }];
  });
}
