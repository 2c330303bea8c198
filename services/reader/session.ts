import { Fault } from '../../shared/errors/policy.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { readCatalogPlaces } from '../../shared/postgres/catalog-places.ts';
import { connectDatabase, createPool } from '../../shared/postgres/connect.ts';
import { openReplication, type ReplicationStream } from '../../shared/postgres/replication.ts';
import { readTypeCatalog } from '../../shared/postgres/type-catalog.ts';
import { publicationName, slotName } from '../../shared/side-tables/names.ts';
import { rememberedPartitions } from '../../shared/side-tables/partitions.ts';
import { countUnpaid } from '../../shared/side-tables/unpaid-redos.ts';
import { readWrittenStretches } from '../../shared/side-tables/written-outcomes.ts';
import { acknowledgeRegularly } from './acknowledge.ts';
import { Capture } from './capture.ts';
import { ChangeEvents } from './change-events.ts';
import { watchGroups } from './groups/watch-groups.ts';
import { heartbeatRegularly, type Liveness, liveness } from './heartbeat.ts';
import type { ReaderMetrics } from './metrics.ts';
import { rememberPartitions } from './partitions/note-changes.ts';
import { PartitionSightings } from './partitions/sightings.ts';
import { watchPartitions } from './partitions/watch-partitions.ts';
import { readCaptureContext } from './preflight/capture-context.ts';
import { preflight } from './preflight/preflight.ts';
import { publishedGuard } from './preflight/published-guard.ts';
import { keepPosition } from './preflight/twin.ts';
import { ProgressRecorder } from './progress-recorder.ts';
import { Publisher } from './publisher.ts';
import { RedoEngine } from './redo/engine.ts';
import { createSnapshotJobs, forgetEmptySnapshots } from './redo/snapshot-jobs.ts';
import { WATERMARK_PREFIX } from './redo/watermark.ts';
import { watchRefreshes } from './refresh/watch-refreshes.ts';
import { RelationPlaces } from './relation-places.ts';
import { watchRepairs } from './repair/watch-repairs.ts';
import { loadSchemaVersions, SchemaVersions } from './schema-versions.ts';
import { SchemaWatch } from './schema-watch.ts';
import { SlotProgress } from './slot-progress.ts';
import { watchSlot } from './slot-watch/watch-slot.ts';
import { WindowWatch } from './windows/watch-windows.ts';

const RECEIVE_BUFFER_BYTES_MAX = 1_048_576;
const PUBLISH_BUFFER_BYTES_MAX = 1_048_576;

const SESSION_END_MAX_MS = 4_000;

/** One connection to the slot, from preflight until `signal` aborts or anything breaks. */
export async function runSession(
  settings: ServiceSettings,
  metrics: ReaderMetrics,
  partitionsOf: (topic: string) => number,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl, brokers, logger, telemetry } = settings;
  const { pipeline } = definition;
  const client = await connectDatabase({ url: databaseUrl, applicationName: `${pipeline} reader` });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => client.end());
  // The beat must not wait behind an acknowledgement, nor a new schema behind either.
  const beside = createPool({
    url: databaseUrl,
    applicationName: `${pipeline} reader (beat)`,
    connectionsMax: 2,
  });
  cleanup.defer(() => beside.end());
  const positions = cleanup.use(
    await connectProducer({ brokers, clientId: `${pipeline}.reader.positions`, logger }),
  );
  const clearance = await preflight(client, positions, settings, signal, {
    // Before the slot: if we end in between, both are made by the next start.
    beforeSlot: () => createSnapshotJobs(client, definition),
  });
  if (clearance === undefined) return;
  await forgetEmptySnapshots(client, definition);
  await rememberPartitions(client, definition);
  const { epoch, facts, confirmed } = clearance;
  const context = await readCaptureContext(client, { server: facts.server, epoch }, definition, partitionsOf);
  const versions = new SchemaVersions(await loadSchemaVersions(client));
  const producer = cleanup.use(await connectProducer({ brokers, clientId: `${pipeline}.reader`, logger }));
  const stream = cleanup.use(
    await openReplication({
      url: databaseUrl,
      slot: slotName(pipeline),
      publication: publicationName(pipeline),
      bufferBytesMax: RECEIVE_BUFFER_BYTES_MAX,
    }),
  );
  telemetry.readiness.ready('slot');
  logger.info({ slot: slotName(pipeline), confirmed: facts.slot?.confirmed, epoch }, 'streaming');
  const stop = (): void => stream.close();
  signal.addEventListener('abort', stop, { once: true });
  cleanup.defer(() => signal.removeEventListener('abort', stop));
  if (signal.aborted) stop();

  const progress = new SlotProgress(confirmed);
  const safe = (): bigint => progress.safe;
  const publisher = new Publisher(producer, PUBLISH_BUFFER_BYTES_MAX);
  const recorder = new ProgressRecorder(context, publisher, progress);
  const alive = liveness(performance.now());
  const redo = new RedoEngine({ ...settings, tables: context.tables, metrics: metrics.redo });
  const events = new ChangeEvents(context, redo);
  const capture = new Capture(context, events, progress, {
    push: (outgoing) => publisher.push(outgoing),
    heartbeat: (content) => metrics.heartbeat(Number(content.toString())),
  });
  const types = await readTypeCatalog(client);
  const partitioned = await rememberedPartitions(client);
  const places = new RelationPlaces({
    isSource: (table) => events.tables.isSource(table),
    partitioned,
    readPlaces: (oid) => readCatalogPlaces(beside, publicationName(pipeline), oid),
  });
  const sightings = new PartitionSightings(beside, partitioned);
  const schema = new SchemaWatch(
    { client: beside, versions, types, places, sightings },
    events,
    capture,
    context,
  );

  const windows = new WindowWatch({
    ...settings,
    metrics: metrics.windows,
    unpaid: () => countUnpaid(beside),
    written: (topicIds) => readWrittenStretches(beside, topicIds),
    rest: () => (capture.isOpen ? undefined : publisher.rest),
  });

  const ending = new AbortController();
  const publishing = publisher.run((marks, records) => {
    recorder.confirmed(marks);
    windows.confirmed(marks);
    for (const { commitLsn } of marks) redo.confirmed(commitLsn);
    metrics.published(marks, records);
    metrics.buffered(publisher.bufferedBytes);
    metrics.omitted(events.takeOmittedColumns());
  });
  const background = [
    publishing,
    acknowledgeRegularly(
      {
        stream,
        progress,
        place: { epoch, systemId: facts.system.systemId, timeline: facts.system.timeline },
        published: facts.published,
        guard: publishedGuard(client, definition),
        keep: (position, published) => keepPosition(client, positions, pipeline, position, published),
        onAcknowledged: metrics.acknowledged,
      },
      ending.signal,
    ),
    heartbeatRegularly(beside, alive, (silenceMs) => stream.close(silent(silenceMs)), ending.signal),
    recorder.run(ending.signal),
    redo.run(ending.signal),
    windows.run(() => capture.commitLsn, ending.signal),
    watchPartitions(settings, { producer: positions, metrics: metrics.partitions, safe }, ending.signal),
    watchRepairs(settings, { producer: positions, metrics: metrics.slot, safe }, ending.signal),
    watchRefreshes(settings, safe, ending.signal),
    watchGroups({ ...settings, metrics: metrics.groups }, ending.signal),
    watchSlot(settings, { metrics, onSafety: (safety) => redo.walSafety(safety) }, ending.signal),
  ];
  // Whatever fails ends the stream: what follows must not overtake it.
  for (const running of background) running.catch((error: unknown) => stream.close(error));
  try {
    await readChanges(stream, { capture, schema, publisher, alive, redo });
    await Promise.race([recorder.finish(), publishing]);
  } finally {
    publisher.close();
    // An answer of Kafka that never comes must not keep the slot from the next session, or from another reader.
    await settledWithin(SESSION_END_MAX_MS, [publishing]);
    ending.abort();
    await settledWithin(SESSION_END_MAX_MS, background);
  }
  await Promise.all(background);
}

async function settledWithin(waitMaxMs: number, running: readonly Promise<void>[]): Promise<void> {
  const done = new AbortController();
  const settled = Promise.allSettled(running).then(() => done.abort());
  await Promise.race([settled, pause(waitMaxMs, done.signal)]);
}

interface Way {
  readonly capture: Capture;
  readonly schema: SchemaWatch;
  readonly publisher: Publisher;
  readonly alive: Liveness;
  readonly redo: RedoEngine;
}

async function readChanges(stream: ReplicationStream, way: Way): Promise<void> {
  const { capture, publisher, alive } = way;
  // Whether the log is in the middle of describing what the next row is of.
  let isDescribing = false;
  for await (const arrived of stream) {
    alive.received(performance.now());
    for (const received of arrived) {
      if (received.kind === 'change') {
        const { message } = received;
        const wasDescribing: boolean = isDescribing;
        isDescribing = message.tag === 'relation' || (wasDescribing && message.tag === 'type');
        if (message.tag === 'begin') way.redo.began(message.xid);
        else if (message.tag === 'relation') await way.schema.learn(message, wasDescribing);
        else if (message.tag === 'message' && message.prefix === WATERMARK_PREFIX) {
          await passWatermark(message.content, way);
        }
      }
      capture.accept(received);
    }
    alive.holdsBack();
    await publisher.room();
    alive.goesOn(performance.now());
  }
}

/** Rows that were read again go out here, inside the watermark's transaction, in the shape they were read in. */
async function passWatermark(content: Buffer, { redo, schema, capture }: Way): Promise<void> {
  const passed = redo.watermark(content, capture.commitLsn);
  if (passed === undefined) return;
  await schema.learn(passed.relation);
  capture.redo(passed);
}

function silent(silenceMs: number): Fault {
  return new Fault(
    'unavailable',
    'silent_stream',
    `nothing came from the slot for ${Math.round(silenceMs / 1000)} s`,
  );
}
