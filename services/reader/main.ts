import { cdcTopic } from '../../shared/contracts/topics.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { type BackoffLimits, backoffMs } from '../../shared/lifecycle/backoff.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { isTransient } from '../../shared/postgres/transient.ts';
import { readerMetrics } from './metrics.ts';
import { runSession } from './session.ts';

const RECONNECT: BackoffLimits = { firstMs: 200, maxMs: 5_000 };
/** A session that lasted this long was a good one: the next failure starts counting anew. */
const GOOD_SESSION_MS = 30_000;

/** Committed rows -> cdc topics. One session per connection; when anything breaks, the next begins where the slot stands. */
export async function run(settings: ServiceSettings, signal: AbortSignal): Promise<void> {
  const metrics = readerMetrics(settings.telemetry.registry);
  let attempt = 0;
  while (!signal.aborted) {
    const startedAtMs = performance.now();
    try {
      await runSession(settings, metrics, await topicPartitions(settings), signal);
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (performance.now() - startedAtMs > GOOD_SESSION_MS) attempt = 0;
      const waitMs = backoffMs(attempt++, RECONNECT, Math.random);
      settings.telemetry.readiness.notReady('slot', 'reconnecting');
      settings.logger.warn(
        { err: error, wait_ms: waitMs },
        'the stream broke: nothing is lost, connecting again',
      );
      await pause(waitMs, signal);
    }
  }
}

/** How many partitions each cdc topic has; a topic of another count would scatter the keys anew. */
async function topicPartitions({
  definition,
  brokers,
  logger,
}: ServiceSettings): Promise<(topic: string) => number> {
  const admin = await connectKafkaAdmin({ brokers, clientId: `${definition.pipeline}.reader`, logger });
  try {
    const sources = Object.values(definition.sources);
    const topics = sources.map(({ table }) => cdcTopic(definition.pipeline, table.schema, table.name));
    const found = await admin.describeTopics(topics);
    const counts = new Map<string, number>();
    for (const [index, topic] of topics.entries()) {
      const partitions = found[index]?.partitions;
      if (partitions === undefined) {
        throw new AfterglowError('topic_missing', `Topic ${topic} does not exist.`);
      }
      counts.set(topic, partitions);
    }
    return (topic) => counts.get(topic) ?? 1;
  } finally {
    await admin.close();
  }
}
