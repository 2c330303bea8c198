// Three brokers that are the controllers of one another, so that one of them may be missing.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../deploy/local/commands.ts';
import { findJava } from '../../deploy/local/java.ts';
import { KAFKA_END } from '../../deploy/local/kafka.ts';
import { classPath, ensureKafkaJars } from '../../deploy/local/kafka-jars.ts';
import { askCluster } from '../../deploy/local/kafka-probe.ts';
import { formatProperties, kafkaProperties } from '../../deploy/local/kafka-properties.ts';
import { choosePort, LOOPBACK } from '../../deploy/local/ports.ts';
import {
  endProcess,
  type ServerProcess,
  serverEnvironment,
  spawnServer,
} from '../../deploy/local/processes.ts';
import { projectFolder } from './project-folder.ts';
import { until } from './wait.ts';

const NODES = [1, 2, 3] as const;
const DEADLINE_MS = 120_000;
// Half of what a broker gets otherwise, and no time for optimising what lives for a minute.
const JVM_OPTIONS = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const CLUSTER_ID = 'dGhyZWUtYnJva2Vycy1haA';
/** Everything thrice, and confirmed once two have it. */
const REPLICATED = {
  'default.replication.factor': NODES.length,
  'min.insync.replicas': 2,
  'offsets.topic.replication.factor': NODES.length,
  'transaction.state.log.replication.factor': NODES.length,
  'share.coordinator.state.topic.replication.factor': NODES.length,
};

export type Node = (typeof NODES)[number];

export interface KafkaCluster extends AsyncDisposable {
  addressOf(node: Node): string;
  /** As a machine that loses its power. */
  kill(node: Node): Promise<void>;
  /** Resolves when every broker counts all three. */
  start(node: Node): Promise<void>;
}

interface Placed {
  readonly port: number;
  readonly properties: string;
}

export async function kafkaCluster(): Promise<KafkaCluster> {
  const project = projectFolder();
  const { data, logs, downloads } = project.folders;
  for (const folder of [data, logs]) mkdirSync(folder, { recursive: true });
  const java = await findJava(data);
  const jvm = [...JVM_OPTIONS, '-cp', classPath(await ensureKafkaJars(downloads, () => {}))];
  const ports: number[] = [];
  for (let count = 0; count < 2 * NODES.length; count++) ports.push((await choosePort([], ports)).port);
  const placed = new Map(NODES.map((node) => [node, place(node, ports, data)] as const));
  const [first] = NODES;
  const format = ['kafka.tools.StorageTool', 'format', '--cluster-id', CLUSTER_ID, '--config'];
  const { status } = await runCommand(java, [...jvm, ...format, placed.get(first)?.properties ?? ''], {
    folder: data,
    deadlineMs: DEADLINE_MS,
    environment: serverEnvironment('C.UTF-8'),
  });
  if (status !== 0) throw new Error('the data of the brokers could not be made');
  for (const node of NODES.slice(1)) copyAs(node, data);
  const running = new Map<Node, ServerProcess>();
  const spawn = async (node: Node): Promise<void> => {
    const server = await spawnServer({
      program: java,
      programArguments: [...jvm, 'kafka.Kafka', placed.get(node)?.properties ?? ''],
      folder: data,
      log: join(logs, `kafka-${node}.log`),
      environment: serverEnvironment('C.UTF-8'),
    });
    running.set(node, server);
  };
  const areAllThere = async (): Promise<boolean> => {
    const answers = await Promise.all([...placed.values()].map(({ port }) => askCluster(port)));
    return answers.every((answer) => answer?.brokers === NODES.length);
  };
  const cluster: KafkaCluster = {
    addressOf: (node) => `${LOOPBACK}:${placed.get(node)?.port}`,
    async kill(node) {
      const server = running.get(node);
      if (server === undefined) return;
      process.kill(server.identity.pid, 'SIGKILL');
      await server.ended;
      running.delete(node);
    },
    async start(node) {
      await spawn(node);
      await until(areAllThere, { deadlineMs: DEADLINE_MS, what: 'three brokers', everyMs: 200 });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.values()].map(({ identity }) => endProcess(identity, KAFKA_END)));
      await project[Symbol.asyncDispose]();
    },
  };
  try {
    await Promise.all(NODES.map(spawn));
    await until(areAllThere, { deadlineMs: DEADLINE_MS, what: 'three brokers', everyMs: 200 });
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

const folderOf = (node: Node, data: string): string => join(data, `kafka-${node}`);

function place(node: Node, ports: readonly number[], data: string): Placed {
  const controllerPortOf = (other: Node): number => ports[NODES.length + other - 1] ?? 0;
  const port = ports[node - 1] ?? 0;
  const folder = folderOf(node, data);
  mkdirSync(folder, { recursive: true });
  const properties = join(folder, 'server.properties');
  const voters = NODES.map((other) => `${other}@${LOOPBACK}:${controllerPortOf(other)}`).join();
  writeFileSync(
    properties,
    formatProperties({
      ...kafkaProperties({ port, controllerPort: controllerPortOf(node), folder }),
      ...REPLICATED,
      'node.id': node,
      'controller.quorum.voters': voters,
    }),
  );
  return { port, properties };
}

/** What formatting makes differs only in whose it is. */
function copyAs(node: Node, data: string): void {
  const [first] = NODES;
  const log = join(folderOf(node, data), 'log');
  cpSync(join(folderOf(first, data), 'log'), log, { recursive: true });
  const file = join(log, 'meta.properties');
  const lines = readFileSync(file, 'utf8')
    .replace(/^node\.id=.*$/m, `node.id=${node}`)
    .replace(/^directory\.id=(.)/m, `directory.id=${'abc'.charAt(node - 1)}`);
  writeFileSync(file, lines);
}
