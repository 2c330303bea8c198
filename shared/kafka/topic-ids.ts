import { clusterMaker } from './client-cluster.ts';
import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import { METADATA, metadataRequest, parseTopicIds } from './metadata-protocol.ts';

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

/**
 * What tells a topic from another one of its name that was made after it was deleted: offsets say nothing across the two. A
 * cluster that gives topics no ids, or a topic that is not there, has none. The client does not ask for them.
 */
export async function readTopicIds(
  settings: KafkaSettings,
  topics: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const cluster = clusterMaker(createKafka(settings)).make({
    allowAutoTopicCreation: false,
  }) as ClientCluster;
  try {
    await cluster.connect();
    const broker = await cluster.brokerPool.findConnectedBroker();
    if ((broker.versions?.[METADATA.apiKey]?.maxVersion ?? 0) < METADATA.apiVersion) return new Map();
    return await ask(broker, metadataRequest(topics));
  } catch (error) {
    throw kafkaUnreachable(settings.brokers, error);
  } finally {
    await cluster.disconnect().catch(() => {});
  }
}

async function ask(broker: ClientBroker, body: Buffer): Promise<ReadonlyMap<string, string>> {
  const answer: { ids?: ReadonlyMap<string, string> } = {};
  await broker.connectionPool.send({
    request: { ...METADATA, expectResponse: () => true, encode: async () => ({ buf: body, buffer: body }) },
    response: {
      decode: async (bytes: Buffer) => {
        answer.ids = parseTopicIds(bytes);
        return {};
      },
      parse: async () => ({}),
    },
  });
  if (answer.ids === undefined) throw new RangeError('a question without an answer');
  return answer.ids;
}
