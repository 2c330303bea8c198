import { Fault } from '../errors/policy.ts';
import { clusterMaker } from './client-cluster.ts';
import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import { type AnsweredTopics, METADATA, metadataRequest, parseTopicIds } from './metadata-protocol.ts';

interface ClientBroker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number } | undefined>> | null;
  readonly connectionPool: {
    send(exchange: { readonly request: object; readonly response: object }): Promise<unknown>;
  };
}

interface ClientCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  readonly brokerPool: { findConnectedBroker(): Promise<ClientBroker> };
}

const NO_IDS: AnsweredTopics = { ids: new Map(), unheard: [] };

/**
 * What tells a topic from another one of its name that was made after it was deleted: offsets say nothing across the two. A
 * cluster that gives topics no ids has none. The client does not ask for them. @throws Fault when it is to be asked again
 */
export async function readTopicIds(
  settings: KafkaSettings,
  topics: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  return idsOf(topics, await askCluster(settings, topics));
}

/**
 * Pure. A broker that has just started answers for topics that it has not heard of, and gives them no id: where that was taken for
 * a cluster without ids, nothing would be noted of what is written. @throws Fault to ask again
 */
export function idsOf(
  topics: readonly string[],
  { ids, unheard }: AnsweredTopics,
): ReadonlyMap<string, string> {
  const open = ids.size > 0 ? topics.filter((topic) => !ids.has(topic)) : unheard;
  if (open.length === 0) return ids;
  throw new Fault('unavailable', 'topic_unheard', `the broker has not heard of ${open.join(', ')} yet`);
}

async function askCluster(settings: KafkaSettings, topics: readonly string[]): Promise<AnsweredTopics> {
  const cluster = clusterMaker(createKafka(settings)).make({
    allowAutoTopicCreation: false,
  }) as ClientCluster;
  try {
    await cluster.connect();
    const broker = await cluster.brokerPool.findConnectedBroker();
    if ((broker.versions?.[METADATA.apiKey]?.maxVersion ?? 0) < METADATA.apiVersion) return NO_IDS;
    return await ask(broker, metadataRequest(topics));
  } catch (error) {
    throw kafkaUnreachable(settings.brokers, error);
  } finally {
    await cluster.disconnect().catch(() => {});
  }
}

async function ask(broker: ClientBroker, body: Buffer): Promise<AnsweredTopics> {
  const answer: { topics?: AnsweredTopics } = {};
  await broker.connectionPool.send({
    request: { ...METADATA, expectResponse: () => true, encode: async () => ({ buf: body, buffer: body }) },
    response: {
      decode: async (bytes: Buffer) => {
        answer.topics = parseTopicIds(bytes);
        return {};
      },
      parse: async () => ({}),
    },
  });
  if (answer.topics === undefined) throw new RangeError('a question without an answer');
  return answer.topics;
}
