import { cdcTopic } from '../../shared/contracts/topics.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { runSessions } from '../../shared/lifecycle/sessions.ts';
import { interruption } from './interruption.ts';
import { readerMetrics } from './metrics.ts';
import { runSession } from './session.ts';

export type { RepairPlan } from './repair/plan-repair.ts';
// What `afterglow gaps repair` runs.
export { type RepairSettings, repairGap } from './repair/repair.ts';

/** What readiness waits for. */
export const NEEDED = ['slot'] as const;

/** Committed rows -> cdc topics. One session per connection; when anything breaks, the next begins where the slot stands. */
export async function run(settings: ServiceSettings, signal: AbortSignal): Promise<void> {
  const metrics = readerMetrics(settings.telemetry.registry);
  const session = async (): Promise<void> =>
    await runSession(settings, metrics, await topicPartitions(settings), signal).catch((error: unknown) => {
      throw interruption(error);
    });
  await runSessions(settings, 'slot', session, signal);
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
