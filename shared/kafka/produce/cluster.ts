import type { Kafka } from 'kafkajs';
import { clusterMaker } from '../client-cluster.ts';
import { PRODUCE, type ProduceAnswer, parseProduceAnswer } from './produce-protocol.ts';
import type { ProducerIdentity } from './record-batch.ts';

/** The brokers behind the topics: who leads a partition, and how to reach it. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  newProducer(): Promise<ProducerIdentity>;
  /** Undefined while nobody leads the partition. */
  leaderOf(topic: string, partition: number): Promise<string | undefined>;
  /** Asks again who leads what. */
  refresh(): Promise<void>;
  produce(leader: string, request: Buffer): Promise<ProduceAnswer>;
}

// The client's own parts below its surface, as far as they are used here.

interface ClientBroker {
  initProducerId(options: {
    readonly transactionTimeout: number;
  }): Promise<{ readonly producerId: { toString(): string }; readonly producerEpoch: number }>;
  readonly connectionPool: {
    send(exchange: { readonly request: object; readonly response: object }): Promise<unknown>;
  };
}

interface ClientCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, unknown>>;
  findBroker(options: { readonly nodeId: string }): Promise<ClientBroker>;
  readonly brokerPool: { findConnectedBroker(): Promise<ClientBroker> };
}

const METADATA_AGE_MAX_MS = 300_000;
/** Of a transaction, which there never is; the protocol wants it named. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const NO_LEADER = '-1';

/**
 * Connections, encryption, sign-in and metadata stay the client's: it has them well tested. It offers no way to send a
 * batch that is encoded already, so this reaches below its surface, which is why its version is pinned.
 */
export function clusterOf(kafka: Kafka): Cluster {
  const client = clientCluster(kafka);
  return {
    connect: () => client.connect(),
    disconnect: () => client.disconnect(),
    async newProducer() {
      // Any broker names producers; one of the metadata would ask for every topic there is, and fail with any of them.
      const broker = await client.brokerPool.findConnectedBroker();
      const { producerId, producerEpoch } = await broker.initProducerId({
        transactionTimeout: TRANSACTION_TIMEOUT_MS,
      });
      return { id: BigInt(producerId.toString()), epoch: producerEpoch };
    },
    async leaderOf(topic, partition) {
      await client.addTargetTopic(topic);
      await client.refreshMetadataIfNecessary();
      const [leader] = Object.keys(client.findLeaderForPartitions(topic, [partition]));
      return leader === NO_LEADER ? undefined : leader;
    },
    refresh: () => client.refreshMetadata(),
    async produce(leader, body) {
      const broker = await client.findBroker({ nodeId: leader });
      const answer: { parsed?: ProduceAnswer } = {};
      await broker.connectionPool.send({
        request: {
          ...PRODUCE,
          expectResponse: () => true,
          encode: async () => ({ buf: body, buffer: body }),
        },
        response: {
          decode: async (bytes: Buffer) => {
            answer.parsed = parseProduceAnswer(bytes);
            return { clientSideThrottleTime: answer.parsed.throttleMs };
          },
          parse: async () => ({}),
        },
      });
      if (answer.parsed === undefined) throw new RangeError('a send without an answer');
      return answer.parsed;
    },
  };
}

function clientCluster(kafka: Kafka): ClientCluster {
  return clusterMaker(kafka).make({
    metadataMaxAge: METADATA_AGE_MAX_MS,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 1,
  }) as ClientCluster;
}
