import { parseLsn } from '../../shared/contracts/position.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { openReplication, type ReplicationStream } from '../../shared/postgres/replication.ts';
import { publicationName, slotName } from '../../shared/side-tables/names.ts';
import { acknowledgeRegularly } from './acknowledge.ts';
import { ChangeEvents } from './change-events.ts';
import type { ReaderMetrics } from './metrics.ts';
import {
  createSlot,
  decideSlot,
  readCaptureContext,
  readServerFacts,
  type ServerFacts,
} from './preflight.ts';
import { type CommitMark, Publisher, type PublisherLimits } from './publisher.ts';
import { SlotProgress } from './slot-progress.ts';

const RECEIVE_BUFFER_BYTES_MAX = 16 * 1_048_576;
const LIMITS: PublisherLimits = {
  bufferBytesMax: 16 * 1_048_576,
  sendBytesMax: 800_000,
  sendRowsMax: 5_000,
};

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
  const facts = await preflight(client, settings);
  const context = await readCaptureContext(client, facts, definition, partitionsOf);
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
  logger.info({ slot: slotName(pipeline), confirmed: facts.slot?.confirmed }, 'streaming');

  const progress = new SlotProgress(parseLsn(facts.slot?.confirmed ?? '0/0'));
  const publisher = new Publisher(producer, LIMITS);
  const events = new ChangeEvents(context);
  const stop = (): void => stream.close();
  signal.addEventListener('abort', stop, { once: true });
  cleanup.defer(() => signal.removeEventListener('abort', stop));

  const sending = publisher.run((marks, records) => {
    for (const { endLsn } of marks) progress.published(endLsn);
    metrics.published(marks, records);
    metrics.buffered(publisher.bufferedBytes);
  });
  // A failed send ends the stream: what follows must not overtake it.
  sending.catch((error: unknown) => stream.close(error));

  const acknowledging = new AbortController();
  const acknowledgement = acknowledgeRegularly(
    stream,
    progress,
    client,
    { ...facts, pipeline },
    metrics.acknowledged,
    acknowledging.signal,
  );
  acknowledgement.catch((error: unknown) => stream.close(error));
  try {
    await readChanges(stream, events, publisher, progress);
    publisher.close();
    await sending;
  } finally {
    publisher.close();
    acknowledging.abort();
    await Promise.allSettled([sending, acknowledgement]);
  }
  await acknowledgement;
}

async function readChanges(
  stream: ReplicationStream,
  events: ChangeEvents,
  publisher: Publisher,
  progress: SlotProgress,
): Promise<void> {
  let eventCount = 0;
  let committedAtUs = 0;
  for await (const arrived of stream) {
    for (const received of arrived) {
      if (received.kind === 'keepalive') {
        progress.keepalive(received.lsn);
        continue;
      }
      if (received.kind === 'undecodable') {
        throw new Fault('unknown', 'undecodable', 'a message of the slot could not be decoded');
      }
      const { message } = received;
      if (message.tag === 'begin') {
        progress.begin();
        eventCount = 0;
        committedAtUs = message.committedAtUs;
      }
      for (const record of events.accept(message, received.lsn)) {
        publisher.push({ record });
        eventCount++;
      }
      if (message.tag === 'commit') {
        progress.commit(message.commitEndLsn);
        const mark: CommitMark = { endLsn: message.commitEndLsn, committedAtUs, events: eventCount };
        publisher.push({ mark });
      }
    }
    await publisher.room();
  }
}

async function preflight(client: DatabaseClient, settings: ServiceSettings): Promise<ServerFacts> {
  const { definition, logger } = settings;
  const facts = await readServerFacts(client, definition.pipeline);
  if (decideSlot(facts, definition) === 'stream') return facts;
  logger.info({ slot: slotName(definition.pipeline) }, 'creating the replication slot');
  await createSlot(client, facts, definition.pipeline);
  return await readServerFacts(client, definition.pipeline);
}
