import type { Kafka } from 'kafkajs';
import { AfterglowError } from '../errors/catalogue.ts';

// What lies below the client's surface: a part of it that it gives to nobody, which is why its version is pinned.

interface ClusterMaker {
  readonly make: (options: object) => unknown;
  replace(make: (options: object) => unknown): void;
}

/** How the client makes what producers, consumers and admins of it stand on. */
export function clusterMaker(kafka: Kafka): ClusterMaker {
  const name = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const make: unknown = name === undefined ? undefined : Reflect.get(kafka, name);
  if (name === undefined || typeof make !== 'function') {
    throw new AfterglowError('defect', 'This version of kafkajs is another one than the pinned one.');
  }
  return {
    make: (options) => make(options),
    replace(next) {
      Reflect.set(kafka, name, next);
    },
  };
}

interface Connection {
  connect(): Promise<unknown>;
  isConnected(): boolean;
  chunks: readonly Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
}

interface ConnectionBuilder {
  build(destination?: object): Promise<{ readonly pool: readonly Connection[] }>;
}

/** Of an answer: how long the rest is. */
const LENGTH_BYTES = 4;

/**
 * The client connects the same object again after a connection was lost, and reads what comes then as the rest of the
 * answer that was cut off: it waits for ever for bytes that were never sent, or throws where nobody catches it.
 */
export function forgetHalfAnswers(kafka: Kafka): void {
  const maker = clusterMaker(kafka);
  maker.replace((options) => {
    const cluster = maker.make(options) as { readonly connectionPoolBuilder: ConnectionBuilder };
    const builder = cluster.connectionPoolBuilder;
    const build = builder.build.bind(builder);
    builder.build = async (destination) => {
      const connections = await build(destination);
      connections.pool.forEach(beginAnew);
      return connections;
    };
    return cluster;
  });
}

function beginAnew(connection: Connection): void {
  const connect = connection.connect.bind(connection);
  connection.connect = async () => {
    if (!connection.isConnected()) {
      connection.chunks = [];
      connection.bytesBuffered = 0;
      connection.bytesNeeded = LENGTH_BYTES;
    }
    return await connect();
  };
}
