import { existsSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { findProgram, gistOf, runCommand } from './commands.ts';
import { makeOnce, megabytes, verifyChecksum } from './downloads.ts';
import { KAFKA, kafkaJarChecksums } from './pins.ts';
import type { Progress } from './progress.ts';

const DOWNLOAD_DEADLINE_MS = 15 * 60_000;
const POM = fileURLToPath(new URL('pom.xml', import.meta.url));

/** The folder of Kafka's jars below `downloads`, fetched by the user's own Maven if they are not there yet. */
export async function ensureKafkaJars(
  downloads: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<string> {
  const target = join(downloads, `kafka-${KAFKA.version}`);
  // Maven keeps a second copy in its own repository.
  await makeOnce(target, 2 * KAFKA.bytes, async (contents, scratch) => {
    const maven = findProgram('mvn');
    if (maven === undefined) throw new AfterglowError('maven_missing');
    await download(maven, contents, scratch, downloads, progress, signal);
    progress({ part: 'kafka', phase: 'verify', message: 'checking Kafka' });
    for (const [name, sha256] of kafkaJarChecksums()) {
      const jar = join(contents, name);
      if (!existsSync(jar)) throw new AfterglowError('download_failed', `Maven did not fetch ${name}.`);
      await verifyChecksum(jar, sha256);
    }
  });
  return target;
}

/** The class path names the pinned jars and nothing else that may be in the folder. */
export function classPath(jars: string): string {
  return [...kafkaJarChecksums().keys()].map((name) => join(jars, name)).join(':');
}

async function download(
  maven: string,
  contents: string,
  scratch: string,
  downloads: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  let bytes = 0;
  const report = (): void =>
    progress({
      part: 'kafka',
      phase: 'download',
      message: `fetching Kafka ${KAFKA.version} (${megabytes(KAFKA.bytes)}, once, into ${downloads})`,
      bytes: Math.min(bytes, KAFKA.bytes),
      bytesTotal: KAFKA.bytes,
    });
  report();
  const names = [...kafkaJarChecksums().keys()];
  const repository = (await ownRepositoryWorks())
    ? []
    : [`-Dmaven.repo.local=${join(scratch, 'repository')}`];
  const result = await runCommand(
    maven,
    ['-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${contents}`, ...repository],
    {
      folder: scratch,
      deadlineMs: DOWNLOAD_DEADLINE_MS,
      environment: { ...process.env, LC_ALL: 'C.UTF-8' },
      signal,
      onLine: (line) => {
        const fetched = fetchedBytes(line, names);
        if (fetched === undefined) return;
        bytes += fetched;
        report();
      },
    },
  );
  if (result.status === 0) return;
  throw new AfterglowError(
    'download_failed',
    `Maven could not fetch Kafka ${KAFKA.version}: ${gistOf(result)}.`,
  );
}

/** The size in Maven's line about one finished download, when it is one of these files. */
export function fetchedBytes(line: string, names: readonly string[]): number | undefined {
  const match = /Downloaded from \S+: \S+\/(\S+) \(([\d.]+) (B|kB|MB)/.exec(line);
  const [, name, amount, unit] = match ?? [];
  if (name === undefined || !names.includes(name)) return undefined;
  return Math.round(Number(amount) * (unit === 'MB' ? 1_000_000 : unit === 'kB' ? 1_000 : 1));
}

/** Java takes the home folder from the user database, not from HOME; `nobody` has none. */
async function ownRepositoryWorks(): Promise<boolean> {
  const settings = `${process.env.MAVEN_OPTS ?? ''} ${process.env.MAVEN_ARGS ?? ''}`;
  if (settings.includes('maven.repo.local') || settings.includes('user.home')) return true;
  let home: string;
  try {
    home = userInfo().homedir;
  } catch {
    return false; // A uid without a name has no home folder either.
  }
  for (const folder of [join(home, '.m2', 'repository'), join(home, '.m2'), home]) {
    if ((await stat(folder).catch(() => undefined)) === undefined) continue;
    return await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    );
  }
  return false;
}
