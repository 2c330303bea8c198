import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, gistOf, runCommand } from '../../../deploy/local/commands.ts';
import { makeOnce } from '../../../deploy/local/downloads.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
/** A changed pom is another set of jars. */
const POM_DIGITS = 8;
const DOWNLOAD_DEADLINE_MS = 15 * 60_000;
/** 40 MB, and Maven keeps a second copy in its own repository. */
const NEEDED_BYTES = 100_000_000;

/** The class path of Kafka Connect with Debezium, fetched by Maven if it is not there yet: measured only, never shipped. */
export async function debeziumClassPath(downloads: string): Promise<string> {
  const version = await debeziumVersion();
  const pom = createHash('sha256')
    .update(await readFile(POM))
    .digest('hex')
    .slice(0, POM_DIGITS);
  const target = join(downloads, `debezium-${version}-${pom}`);
  await makeOnce(target, NEEDED_BYTES, async (contents, scratch) => {
    const maven = findProgram('mvn');
    if (maven === undefined) throw new AfterglowError('maven_missing');
    process.stdout.write(`fetching Debezium ${version} (40 MB, once, into ${downloads})\n`);
    const result = await runCommand(
      maven,
      [
        '-B',
        '-f',
        POM,
        'dependency:copy-dependencies',
        `-DoutputDirectory=${contents}`,
        '-DincludeScope=runtime',
      ],
      {
        folder: scratch,
        deadlineMs: DOWNLOAD_DEADLINE_MS,
        environment: { ...process.env, LC_ALL: 'C.UTF-8' },
      },
    );
    if (result.status === 0) return;
    throw new AfterglowError(
      'download_failed',
      `Maven could not fetch Debezium ${version}: ${gistOf(result)}.`,
    );
  });
  const jars = (await readdir(target)).filter((name) => name.endsWith('.jar'));
  return jars.map((name) => join(target, name)).join(':');
}

export async function debeziumVersion(): Promise<string> {
  const pom = await readFile(POM, 'utf8');
  const [, version] =
    /<artifactId>debezium-connector-postgres<\/artifactId>\s*<version>([^<]+)</.exec(pom) ?? [];
  if (version === undefined) throw new Error('pom.xml names no version of Debezium');
  return version;
}
