import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { type CommandResult, cannotRun, gistOf, runCommand } from './commands.ts';
import { makeOnce } from './downloads.ts';
import type { PostgresVersion } from './pins.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { identityOf, type ProcessIdentity, type ServerUser, serverEnvironment } from './processes.ts';
import { requireNamedUser } from './server-user.ts';

export const SUPERUSER = 'afterglow';
export const DATABASE = 'afterglow';

const FRESH_CLUSTER_BYTES = 300_000_000;
const CREATE_DEADLINE_MS = 120_000;
const SHARED_MEMORY_GONE_MS = 10_000;

export const clusterOf = (folder: string): string => join(folder, 'cluster');

export function passwordOf(folder: string): string {
  return readFileSync(join(folder, 'password'), 'utf8').trim();
}

/** Makes cluster, superuser, password and database, once and whole. */
export async function createCluster(
  folder: string,
  version: PostgresVersion,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<void> {
  if (user === undefined) requireNamedUser();
  await makeOnce(folder, FRESH_CLUSTER_BYTES, async (contents) => {
    const password = join(contents, 'password');
    await chmod(contents, 0o700);
    await mkdir(clusterOf(contents), { mode: 0o700 });
    await writeFile(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    if (user !== undefined) {
      for (const path of [contents, password, clusterOf(contents)]) await chown(path, user.uid, user.gid);
    }
    const run = async (
      program: string,
      programArguments: readonly string[],
      input?: string,
    ): Promise<void> => {
      const result = await runCommand(program, programArguments, {
        folder: contents,
        deadlineMs: CREATE_DEADLINE_MS,
        environment: serverEnvironment('C'),
        user,
        ...(input === undefined ? {} : { input }),
      }).catch((error: unknown) => {
        throw cannotRun('postgres_start_failed', `PostgreSQL ${version}`, error);
      });
      requireSuccess(result, version);
    };
    // The built-in provider sorts alike on every system; before version 17 there is only the system's own.
    const locale =
      version >= 17
        ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
        : ['--locale=C.UTF-8'];
    await run(binaries.initdb, [
      '--pgdata',
      clusterOf(contents),
      `--username=${SUPERUSER}`,
      `--pwfile=${password}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--no-sync',
      ...locale,
    ]);
    const single = ['--single', '-D', clusterOf(contents), '-c', 'exit_on_error=on', 'postgres'];
    await run(binaries.postgres, single, `create database ${DATABASE}\n`);
  });
}

function requireSuccess(result: CommandResult, version: PostgresVersion): void {
  if (result.status === 0) return;
  throw new AfterglowError(
    'postgres_start_failed',
    `Creating the data folder of PostgreSQL ${version} failed: ${gistOf(result)}.`,
  );
}

export function requireVersion(folder: string, version: PostgresVersion): void {
  const file = join(clusterOf(folder), 'PG_VERSION');
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'an unknown version';
  if (found === String(version)) return;
  throw new AfterglowError(
    'data_version_mismatch',
    `${folder} was written by PostgreSQL ${found}, and this is PostgreSQL ${version}.`,
  );
}

/** Root runs the server as the owner of the data; anybody else must be the owner. */
export function ownerOf(folder: string, user: ServerUser | undefined): ServerUser | undefined {
  const { uid, gid } = statSync(folder);
  if (user !== undefined) return uid === 0 ? user : { name: `uid ${uid}`, uid, gid };
  if (uid === process.getuid?.()) return undefined;
  throw new AfterglowError('folder_not_writable', `${folder} belongs to the user with the number ${uid}.`);
}

export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly sharedMemoryId: string | undefined;
  readonly status: string;
}

/** What a running server writes about itself, one line each. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const sharedMemoryId = lines[6]?.trim().split(/\s+/)[1];
  return { pid, port: Number(lines[3]), sharedMemoryId, status: lines[7]?.trim() ?? '' };
}

export function readPostmasterFile(folder: string): PostmasterFile | undefined {
  try {
    return parsePostmasterFile(readFileSync(join(clusterOf(folder), 'postmaster.pid'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** The server that still works in this folder, whoever started it: the number alone may be somebody else's by now. */
export async function postmasterOf(folder: string): Promise<ProcessIdentity | undefined> {
  const file = readPostmasterFile(folder);
  const identity = file === undefined ? undefined : identityOf(file.pid);
  if (identity === undefined) return undefined;
  const workingFolder = await readlink(`/proc/${identity.pid}/cwd`).catch(() => undefined);
  return workingFolder === clusterOf(folder) ? identity : undefined;
}

/**
 * After a postmaster was killed its children need a moment to notice, and a start before that is refused. A recycled
 * number in postmaster.pid would be refused too, so the file goes once nobody holds the shared memory.
 */
export async function clearPostmasterFile(
  folder: string,
  remove: (file: string) => Promise<void>,
): Promise<void> {
  const file = readPostmasterFile(folder);
  if (file === undefined) return;
  const deadline = performance.now() + SHARED_MEMORY_GONE_MS;
  while (performance.now() < deadline) {
    if (sharedMemoryUsers(readFileSync('/proc/sysvipc/shm', 'utf8'), file.sharedMemoryId) === 0) {
      await remove(join(clusterOf(folder), 'postmaster.pid'));
      return;
    }
    await wait(50);
  }
}

/** How many processes have that segment attached, from the text of /proc/sysvipc/shm. */
export function sharedMemoryUsers(text: string, id: string | undefined): number {
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === id) return Number(fields[6]);
  }
  return 0;
}
