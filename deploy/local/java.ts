import { join } from 'node:path';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { findProgram, runCommand } from './commands.ts';
import { KAFKA } from './pins.ts';

const VERSION_DEADLINE_MS = 30_000;

/** 17 from `openjdk version "17.0.15"`, 8 from `java version "1.8.0_392"`. */
export function parseJavaVersion(output: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The first Java that is new enough, of JAVA_HOME and PATH. */
export async function findJava(
  folder: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const { JAVA_HOME } = environment;
  const home = JAVA_HOME === undefined ? undefined : findProgram('java', join(JAVA_HOME, 'bin'));
  const tooOld: string[] = [];
  for (const java of [home, findProgram('java', environment.PATH)]) {
    if (java === undefined) continue;
    const { status, output } = await runCommand(java, ['-version'], {
      folder,
      deadlineMs: VERSION_DEADLINE_MS,
      environment,
    });
    const version = status === 0 ? parseJavaVersion(output) : undefined;
    if (version === undefined) continue;
    if (version >= KAFKA.javaOldest) return java;
    tooOld.push(`${java} is Java ${version}`);
  }
  if (tooOld.length === 0) throw new AfterglowError('java_missing');
  throw new AfterglowError(
    'java_too_old',
    `Kafka needs Java ${KAFKA.javaOldest} or newer, and ${tooOld.join(' and ')}.`,
  );
}
