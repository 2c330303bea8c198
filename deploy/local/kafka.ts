import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { gistOf, runCommand } from './commands.ts';
import { makeOnce, requireDiskSpace } from './downloads.ts';
import { type LocalFolders, makeFolder } from './folders.ts';
import { findJava } from './java.ts';
import { classPath, ensureKafkaJars } from './kafka-jars.ts';
import { askCluster } from './kafka-probe.ts';
import { formatProperties, kafkaProperties } from './kafka-properties.ts';
import { notedProcess, type RunningPart, startPart } from './part-start.ts';
import { KAFKA } from './pins.ts';
import { LOOPBACK } from './ports.ts';
import {
  type EndStep,
  endProcess,
  isAlive,
  type ProcessIdentity,
  serverEnvironment,
  spawnServer,
} from './processes.ts';
import type { Progress } from './progress.ts';

export const KAFKA_PORT = 59_092;
const CONTROLLER_PORT = 59_093;

const FORMAT_DEADLINE_MS = 60_000;
const START_DEADLINE_MS = 60_000;
const FRESH_BYTES = 64_000_000;
const LOGGING = new URL('log4j2.xml', import.meta.url).href;
// Without a locale, Java cannot open a folder whose name is not ASCII.
const JVM_ENVIRONMENT = serverEnvironment('C.UTF-8');

export const KAFKA_END: readonly EndStep[] = [
  { signal: 'SIGTERM', waitMs: 15_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

// The serial collector needs the least memory beside the heap; demo and tests live in 512 MB with room.
const JVM_OPTIONS = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-Djava.awt.headless=true'];

export interface Kafka extends RunningPart {
  readonly brokers: string;
}

/** Starts a one-node Kafka on this machine alone, fetching it and creating its data where they are missing. */
export async function startKafka(options: {
  readonly folders: LocalFolders;
  /** Names its data folder and log; one folder may hold several. */
  readonly name?: string;
  /** Wished for; another is taken and told where it is busy. 0: any. */
  readonly port?: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  readonly onSpawn?: (identity: ProcessIdentity) => void;
}): Promise<Kafka> {
  const { folders, progress, name = 'kafka' } = options;
  makeFolder(folders.data);
  const java = await findJava(folders.data);
  const jars = await ensureKafkaJars(folders.downloads, progress, options.signal);
  const jvm = [...JVM_OPTIONS, `-Dlog4j2.configurationFile=${LOGGING}`, '-cp', classPath(jars)];
  const folder = join(realpathSync(folders.data), name);
  if (!existsSync(folder)) {
    progress({ part: 'kafka', phase: 'create', message: `creating the data of Kafka ${KAFKA.version}` });
    await createLog(folder, java, jvm);
  }
  requireVersion(folder);
  await requireDiskSpace(folder, FRESH_BYTES);
  const leftOver = notedProcess(folder);
  if (leftOver !== undefined && isAlive(leftOver)) {
    const message = `stopping the Kafka that an earlier run left over (pid ${leftOver.pid})`;
    progress({ part: 'kafka', phase: 'clean', message });
    await endProcess(leftOver, KAFKA_END);
  }
  const clusterId = readFileSync(join(folder, 'cluster-id'), 'utf8').trim();
  const properties = join(folder, 'server.properties');
  const wishes = options.port === 0 ? [0, 0] : [options.port ?? KAFKA_PORT, CONTROLLER_PORT];
  const running = await startPart({
    part: 'kafka',
    title: `Kafka ${KAFKA.version}`,
    failure: 'kafka_start_failed',
    folder,
    log: join(folders.logs, `${name}.log`),
    portWishes: wishes,
    deadlineMs: START_DEADLINE_MS,
    endSteps: KAFKA_END,
    progress,
    signal: options.signal,
    onSpawn: options.onSpawn,
    spawn: async ([port = 0, controllerPort = 0]) => {
      writeFileSync(properties, formatProperties(kafkaProperties({ port, controllerPort, folder })));
      return await spawnServer({
        program: java,
        programArguments: [...jvm, 'kafka.Kafka', properties],
        folder,
        log: join(folders.logs, `${name}.log`),
        environment: JVM_ENVIRONMENT,
      });
    },
    isReady: async ([port = 0]) => {
      const answer = await askCluster(port);
      return answer !== undefined && answer.brokers > 0 && answer.clusterId === clusterId;
    },
  });
  return { ...running, brokers: `${LOOPBACK}:${running.port}` };
}

async function createLog(folder: string, java: string, jvm: readonly string[]): Promise<void> {
  await makeOnce(folder, FRESH_BYTES, async (contents) => {
    // A leading minus would be taken for an option.
    const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
    const properties = join(contents, 'server.properties');
    await chmod(contents, 0o700); // Rows are in it.
    await writeFile(join(contents, 'cluster-id'), `${clusterId}\n`);
    await writeFile(join(contents, 'version'), `${KAFKA.version}\n`);
    const anyPorts = { port: 1, controllerPort: 2, folder: contents };
    await writeFile(properties, formatProperties(kafkaProperties(anyPorts)));
    const format = ['kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', properties];
    const result = await runCommand(java, [...jvm, ...format], {
      folder: contents,
      deadlineMs: FORMAT_DEADLINE_MS,
      environment: JVM_ENVIRONMENT,
    });
    if (result.status === 0) return;
    throw new AfterglowError('kafka_start_failed', `Creating Kafka's data folder failed: ${gistOf(result)}.`);
  });
}

/** A newer Kafka reads what an older one wrote, not the other way round. */
function requireVersion(folder: string): void {
  const file = join(folder, 'version');
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'an unknown version';
  if (found.localeCompare(KAFKA.version, 'en', { numeric: true }) <= 0) return;
  throw new AfterglowError(
    'data_version_mismatch',
    `${folder} was written by Kafka ${found}, and this is Kafka ${KAFKA.version}.`,
  );
}
