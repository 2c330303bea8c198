// What `up` is going to use, decided before anything is started, and told before anything is downloaded.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalFolders } from '../../../deploy/local/folders.ts';
import { KAFKA, POSTGRES_PACKAGE, type PostgresVersion } from '../../../deploy/local/pins.ts';
import { wheelFor } from '../../../deploy/local/postgres-binaries.ts';
import { reachableFolder, serverUser } from '../../../deploy/local/server-user.ts';
import { describeDatabase } from '../../../shared/postgres/connect.ts';
import type { Environment } from '../invocation.ts';
import { type AwsMode, awsModeOf, ownDatabaseUrl, parseBrokers, settingOf } from '../settings.ts';
import { formatBytes } from '../view/numbers.ts';
import type { Painter } from '../view/paint.ts';
import type { PartView } from '../view/snapshot.ts';

export type PlannedPart =
  | { readonly owner: 'embedded' /** 0: it is there already. */; readonly downloadBytes: number }
  | { readonly owner: 'yours'; readonly address: string };

export interface UpPlan {
  readonly postgresVersion: PostgresVersion;
  readonly database: PlannedPart;
  /** Where it is, when it is theirs: holds a password. */
  readonly databaseUrl: string | undefined;
  readonly kafka: PlannedPart;
  readonly brokers: readonly string[] | undefined;
  readonly aws: AwsMode;
  /** Their own stand-in, started elsewhere. */
  readonly awsLocalUrl: string | undefined;
}

export function planUp(
  environment: Environment,
  postgresVersion: PostgresVersion,
  downloads: { readonly postgresBytes: number; readonly kafkaBytes: number },
): UpPlan {
  const databaseUrl = ownDatabaseUrl(environment);
  const brokers = settingOf(environment, 'KAFKA_BROKERS');
  return {
    postgresVersion,
    databaseUrl,
    database:
      databaseUrl === undefined
        ? { owner: 'embedded', downloadBytes: downloads.postgresBytes }
        : { owner: 'yours', address: describeDatabase(databaseUrl) },
    brokers: brokers === undefined ? undefined : parseBrokers(brokers),
    kafka:
      brokers === undefined
        ? { owner: 'embedded', downloadBytes: downloads.kafkaBytes }
        : { owner: 'yours', address: brokers },
    aws: awsModeOf(environment),
    awsLocalUrl: settingOf(environment, 'AFTERGLOW_AWS_LOCAL_URL'),
  };
}

/** What has to be fetched on this machine before the embedded parts can start. */
export function missingDownloads(folders: LocalFolders): { postgresBytes: number; kafkaBytes: number } {
  const reachable = reachableFolder(folders.downloads, serverUser());
  const postgres = join(reachable, `postgres-${POSTGRES_PACKAGE.version}-${process.arch}`);
  const kafka = join(folders.downloads, `kafka-${KAFKA.version}`);
  return {
    postgresBytes: existsSync(postgres) ? 0 : wheelFor(process.platform, process.arch).bytes,
    kafkaBytes: existsSync(kafka) ? 0 : KAFKA.bytes,
  };
}

export const databaseTitle = ({ database, postgresVersion }: UpPlan): string =>
  database.owner === 'embedded' ? `PostgreSQL ${postgresVersion}` : 'PostgreSQL';
export const kafkaTitle = ({ kafka }: UpPlan): string =>
  kafka.owner === 'embedded' ? `Kafka ${KAFKA.version}` : 'Kafka';

export function awsOwner({ aws, awsLocalUrl }: UpPlan): PartView['owner'] {
  if (aws === 'real') return 'Amazon';
  return awsLocalUrl === undefined ? 'stand-in' : 'yours';
}

/** The first screen: what is embedded and what is theirs, and what will be downloaded. */
export function planLines(plan: UpPlan, folders: LocalFolders, paint: Painter): readonly string[] {
  const aws = awsOwner(plan);
  const rows: readonly (readonly [title: string, owner: string, facts: string])[] = [
    [databaseTitle(plan), plan.database.owner, partFacts(plan.database, 'with pgvector')],
    [kafkaTitle(plan), plan.kafka.owner, partFacts(plan.kafka, 'KRaft')],
    ['AWS', aws, awsFacts(plan)],
  ];
  const lines = rows.map(([title, owner, facts]) => {
    const isTheirs = owner === 'yours' || owner === 'Amazon';
    const drawn = owner.padEnd(9);
    return `  ${title.padEnd(16)} ${isTheirs ? paint.accent(drawn) : paint.good(drawn)} ${facts}`;
  });
  const bytes = downloadBytes(plan);
  if (bytes > 0) lines.push(`  ${formatBytes(bytes)} are downloaded once, into ${folders.downloads}.`);
  return lines;
}

export function downloadBytes({ database, kafka }: UpPlan): number {
  return [database, kafka].reduce(
    (sum, part) => sum + (part.owner === 'embedded' ? part.downloadBytes : 0),
    0,
  );
}

function partFacts(part: PlannedPart, nature: string): string {
  if (part.owner === 'yours') return part.address;
  return part.downloadBytes > 0
    ? `${nature}, ${formatBytes(part.downloadBytes)} to download`
    : `${nature}, already here`;
}

function awsFacts(plan: UpPlan): string {
  const owner = awsOwner(plan);
  if (owner === 'Amazon') return 'real model calls, which cost money (AFTERGLOW_AWS=real)';
  if (owner === 'yours') return `${plan.awsLocalUrl}`;
  return 'answers model calls on this machine, costs nothing';
}
