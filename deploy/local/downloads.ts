import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { makeFolder } from './folders.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './processes.ts';

const MEGABYTE = 1_000_000;
const FULL_BELOW_BYTES = 16 * MEGABYTE;

export function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

export async function requireDiskSpace(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= neededBytes) return;
  throw new AfterglowError(
    'disk_full',
    `${folder} has ${megabytes(free)} free, and ${megabytes(neededBytes)} are needed.`,
  );
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

export async function verifyChecksum(file: string, sha256: string): Promise<void> {
  const found = await sha256Of(file);
  if (found === sha256) return;
  throw new AfterglowError(
    'checksum_mismatch',
    `${basename(file)} has the SHA-256 ${found}, pinned is ${sha256}; it was thrown away.`,
  );
}

/**
 * Makes the folder `target` once. `fill` gets an empty folder for the contents and one for scratch; only when it
 * resolves do the contents become `target`, by a rename, so that nothing half-made is ever found there.
 */
export async function makeOnce(
  target: string,
  neededBytes: number,
  fill: (contents: string, scratch: string) => Promise<void>,
): Promise<void> {
  if (existsSync(target)) return;
  makeFolder(dirname(target));
  await sweepPartial(target);
  await requireDiskSpace(dirname(target), neededBytes);
  const partial = `${target}${partialSuffix(ownIdentity())}`;
  const contents = join(partial, 'contents');
  try {
    makeFolder(contents);
    await mkdir(join(partial, 'scratch'));
    await fill(contents, join(partial, 'scratch'));
    await rename(contents, target).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster, with the same verified contents.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    if (full || (await freeBytes(dirname(target))) < FULL_BELOW_BYTES) {
      throw new AfterglowError('disk_full', `The disk of ${dirname(target)} is full.`, { cause: error });
    }
    throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

const PARTIAL = /\.partial-(\d+)-([0-9a-f]*)-(\d+)$/;

/** Tells who is at work in the folder, so that others know when nobody is. */
export function partialSuffix({ pid, start }: ProcessIdentity): string {
  return `.partial-${pid}-${start.replace('/', '-')}`;
}

export function partialOwner(name: string): ProcessIdentity | undefined {
  const match = PARTIAL.exec(name);
  return match === null ? undefined : { pid: Number(match[1]), start: `${match[2]}/${match[3]}` };
}

/** Removes what a process that was killed in the middle has left. */
async function sweepPartial(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    const owner = partialOwner(name);
    if (owner === undefined || isAlive(owner) || !name.startsWith(`${basename(target)}.`)) continue;
    // A child of the killed process may still be writing there for a moment.
    await rm(join(dirname(target), name), { recursive: true, force: true, maxRetries: 10 });
  }
}
