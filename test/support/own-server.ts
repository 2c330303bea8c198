// A PostgreSQL of a test's own, to be limited, stopped, copied and set back.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalFolders } from '../../deploy/local/folders.ts';
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts';
import { clusterOf } from '../../deploy/local/postgres-data.ts';
import { projectFolder } from './project-folder.ts';

const FAST = { fsync: 'off', full_page_writes: 'off' };
const NAME = 'own';

export interface OwnServer extends AsyncDisposable {
  /** The same after each start. */
  readonly url: string;
  readonly name: string;
  readonly folders: LocalFolders;
  start(): Promise<void>;
  /** A fast shutdown; resolves with how long it took. */
  stop(): Promise<number>;
  /** As a machine that loses its power; SIGQUIT: an immediate shutdown. */
  crash(signal?: 'SIGKILL' | 'SIGQUIT'): Promise<void>;
  /** Of the data of the stopped server: `restore` puts it back as it was then. */
  backUp(): { restore(): void };
}

export async function ownServer(
  version: 16 | 18,
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnServer> {
  const project = projectFolder();
  const { folders } = project;
  const launch = (): Promise<Postgres> =>
    startPostgres({
      folders,
      version,
      name: NAME,
      port: 0,
      settings: { ...FAST, ...settings },
      progress: () => {},
    });
  let running: Postgres | undefined;
  try {
    running = await launch();
  } catch (error) {
    await project[Symbol.asyncDispose]();
    throw error;
  }
  const { url } = running;
  const cluster = clusterOf(join(folders.data, NAME));
  return {
    url,
    name: NAME,
    folders,
    async start() {
      running = await launch();
      if (running.url !== url) throw new Error('the server came up at another address');
    },
    async stop() {
      const beganAtMs = performance.now();
      await running?.stop();
      running = undefined;
      return performance.now() - beganAtMs;
    },
    async crash(signal = 'SIGKILL') {
      if (running === undefined) return;
      process.kill(running.identity.pid, signal);
      await running.ended;
      running = undefined;
    },
    backUp() {
      const copy = `${cluster}-copy`;
      copyKeepingOwner(cluster, copy);
      return {
        restore() {
          rmSync(cluster, { recursive: true });
          copyKeepingOwner(copy, cluster);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await running?.stop();
      await project[Symbol.asyncDispose]();
    },
  };
}

/** The server's user owns its data, and only `cp` keeps that. */
function copyKeepingOwner(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}
