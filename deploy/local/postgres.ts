import { existsSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireDiskSpace } from './downloads.ts';
import { type LocalFolders, makeFolder } from './folders.ts';
import { type RunningPart, startPart } from './part-start.ts';
import type { PostgresVersion } from './pins.ts';
import { LOOPBACK } from './ports.ts';
import { binariesOf, ensurePostgresBinaries } from './postgres-binaries.ts';
import {
  clearPostmasterFile,
  clusterOf,
  createCluster,
  DATABASE,
  ownerOf,
  passwordOf,
  postmasterOf,
  readPostmasterFile,
  requireVersion,
  SUPERUSER,
} from './postgres-data.ts';
import {
  type EndStep,
  endProcess,
  type ProcessIdentity,
  serverEnvironment,
  spawnServer,
} from './processes.ts';
import type { Progress } from './progress.ts';
import { reachableFolder, serverUser } from './server-user.ts';

export const POSTGRES_PORT = 55_432;

const START_DEADLINE_MS = 60_000;
const RUN_BYTES = 64_000_000;

/** Fast shutdown; then without a checkpoint, repaired at the next start; the last step is for a process that hangs. */
export const POSTGRES_END: readonly EndStep[] = [
  { signal: 'SIGINT', waitMs: 15_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: LOOPBACK,
  unix_socket_directories: '',
  wal_level: 'logical',
  max_wal_senders: '30',
  max_replication_slots: '30',
  max_connections: '200',
};

export interface Postgres extends RunningPart {
  readonly url: string;
  readonly psql: string;
}

/** Starts PostgreSQL with pgvector on this machine alone, fetching it and creating its data where they are missing. */
export async function startPostgres(options: {
  readonly folders: LocalFolders;
  readonly version: PostgresVersion;
  /** Names its data folder and log; one folder may hold several. */
  readonly name?: string;
  /** Wished for; another is taken and told where it is busy. 0: any. */
  readonly port?: number;
  /** Over the ones here, e.g. { wal_level: 'replica' }. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  readonly onSpawn?: (identity: ProcessIdentity) => void;
}): Promise<Postgres> {
  const { folders, version, progress, name = 'postgres' } = options;
  const user = serverUser();
  const downloads = reachableFolder(folders.downloads, user);
  const installed = await ensurePostgresBinaries(downloads, progress, options.signal);
  const binaries = binariesOf(installed, version);
  const data = reachableFolder(folders.data, user);
  makeFolder(data);
  const folder = join(realpathSync(data), name);
  if (data !== folders.data) {
    const message = `PostgreSQL cannot run as root, and the user ${user?.name} cannot reach ${folders.data}: its data is in ${folder}`;
    progress({ part: 'postgres', phase: 'place', message });
  }
  if (!existsSync(folder)) {
    progress({ part: 'postgres', phase: 'create', message: `creating the data of PostgreSQL ${version}` });
    await createCluster(folder, version, binaries, user);
  }
  const owner = ownerOf(folder, user);
  requireVersion(folder, version);
  await requireDiskSpace(folder, RUN_BYTES);
  const leftOver = await postmasterOf(folder);
  if (leftOver !== undefined) {
    const message = `stopping the PostgreSQL that an earlier run left over (pid ${leftOver.pid})`;
    progress({ part: 'postgres', phase: 'clean', message });
    await endProcess(leftOver, POSTGRES_END);
  }
  await clearPostmasterFile(folder, (file) => rm(file, { force: true }));
  const settings = { ...SETTINGS, ...options.settings };
  const running = await startPart({
    part: 'postgres',
    title: `PostgreSQL ${version}`,
    failure: 'postgres_start_failed',
    folder,
    log: join(folders.logs, `${name}.log`),
    portWishes: [options.port ?? POSTGRES_PORT],
    deadlineMs: START_DEADLINE_MS,
    endSteps: POSTGRES_END,
    progress,
    signal: options.signal,
    onSpawn: options.onSpawn,
    spawn: async ([port]) =>
      await spawnServer({
        program: binaries.postgres,
        programArguments: ['-D', clusterOf(folder), '-p', String(port), ...settingArguments(settings)],
        folder: clusterOf(folder),
        log: join(folders.logs, `${name}.log`),
        environment: serverEnvironment('C'),
        user: owner,
      }),
    isReady: async ([port], identity) => {
      const file = readPostmasterFile(folder);
      return file?.pid === identity.pid && file.port === port && file.status === 'ready';
    },
  });
  const url = `postgres://${SUPERUSER}:${passwordOf(folder)}@${LOOPBACK}:${running.port}/${DATABASE}`;
  return { ...running, url, psql: binaries.psql };
}

function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
