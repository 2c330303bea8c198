import { clusterMaker } from './client-cluster.ts';
import { createKafka, type KafkaSettings } from './connect.ts';

interface ClientBroker {
  offsetCommit(request: object): Promise<unknown>;
}

interface ClientCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  findGroupCoordinator(of: { readonly groupId: string }): Promise<ClientBroker>;
}

/** How Kafka is told that this comes from outside the group: it takes it only while nobody is in there. */
const FROM_OUTSIDE = { groupGenerationId: -1, memberId: '' };
/** What it says otherwise. */
export const SOMEBODY_IN_GROUP = 'UNKNOWN_MEMBER_ID';

/**
 * Commits offsets for a group that nobody is in. The client's own way joins the group for some seconds, shares its partitions
 * with whoever else joins meanwhile, and leaves those of the other one as they were.
 */
export async function commitForGroup(
  settings: KafkaSettings,
  groupId: string,
  topic: string,
  offsets: ReadonlyMap<number, bigint>,
): Promise<void> {
  const cluster = clusterMaker(createKafka(settings)).make({
    allowAutoTopicCreation: false,
  }) as ClientCluster;
  try {
    await cluster.connect();
    const coordinator = await cluster.findGroupCoordinator({ groupId });
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset) }));
    await coordinator.offsetCommit({ groupId, ...FROM_OUTSIDE, topics: [{ topic, partitions }] });
  } finally {
    await cluster.disconnect().catch(() => {});
  }
}
