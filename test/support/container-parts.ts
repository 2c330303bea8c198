import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers';
import { choosePort } from '../../deploy/local/ports.ts';
import type { TestParts } from './parts.ts';

const PASSWORD = 'afterglow';
const START_TIMEOUT_MS = 180_000;

export async function dockerAnswers(): Promise<boolean> {
  return await getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}

export interface ContainerParts extends Pick<TestParts, 'postgres' | 'brokers'> {
  stop(): Promise<void>;
}

/** The same set in containers, which testcontainers removes after a killed run too. */
export async function startContainerParts(): Promise<ContainerParts> {
  const started = await Promise.allSettled([startPostgres(16), startPostgres(18), startKafka()]);
  const containers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value.container] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(containers.map((container) => container.stop()));
  };
  const [postgres16, postgres18, kafka] = started;
  if (
    postgres16.status !== 'fulfilled' ||
    postgres18.status !== 'fulfilled' ||
    kafka.status !== 'fulfilled'
  ) {
    await stop();
    throw started.find((one) => one.status === 'rejected')?.reason;
  }
  return {
    postgres: { 16: postgres16.value.address, 18: postgres18.value.address },
    brokers: kafka.value.address,
    stop,
  };
}

interface StartedContainer {
  readonly container: StartedTestContainer;
  readonly address: string;
}

async function startPostgres(version: 16 | 18): Promise<StartedContainer> {
  const container = await new GenericContainer(`pgvector/pgvector:pg${version}`)
    .withEnvironment({ POSTGRES_USER: 'afterglow', POSTGRES_DB: 'afterglow', POSTGRES_PASSWORD: PASSWORD })
    .withCommand([
      'postgres',
      ...['-c', 'wal_level=logical', '-c', 'max_wal_senders=30', '-c', 'max_replication_slots=30'],
      ...['-c', 'max_connections=300', '-c', 'fsync=off', '-c', 'synchronous_commit=off'],
    ])
    .withExposedPorts(5432)
    // The image starts once to set itself up and then for good.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  const place = `${container.getHost()}:${container.getMappedPort(5432)}`;
  return { container, address: `postgres://afterglow:${PASSWORD}@${place}/afterglow` };
}

/** Clients are sent to the advertised address, so its port on the host has to be known before the start. */
async function startKafka(): Promise<StartedContainer> {
  const { port } = await choosePort([]);
  const container = await new GenericContainer('apache/kafka:4.1.1')
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'BROKER://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `BROKER://localhost:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    })
    .withExposedPorts({ container: 9092, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  return { container, address: `${container.getHost()}:${port}` };
}
