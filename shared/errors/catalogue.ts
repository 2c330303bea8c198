// What a person at the command line may meet: code, exit status, meaning, remedy. docs/errors.md is made from it.

import { CAPTURE_CATALOGUE } from './capture-catalogue.ts';
import type { CatalogueEntry, ExitCode } from './catalogue-entry.ts';
import { CUTOVER_CATALOGUE } from './cutover-catalogue.ts';

export const CATALOGUE = {
  // Usage and definition
  usage: { exit: 2, meaning: 'The command line is not understood.', remedy: 'See `afterglow --help`.' },
  definition_invalid: {
    exit: 2,
    meaning: 'The definition file has mistakes.',
    remedy: 'Run `afterglow config check`: it lists all of them with file and line.',
  },
  definition_missing: {
    exit: 2,
    meaning: 'There is no definition file.',
    remedy: 'Name it with --config FILE, or go to the folder that holds afterglow.yaml.',
  },
  revision_unregistered: {
    exit: 2,
    meaning: 'The definition of this enrichment is not the one that init registered.',
    remedy: 'Run `afterglow init` to register the new definition, then start the enricher again.',
  },
  table_without_key: {
    exit: 2,
    meaning: 'The table has no replica identity that names a row.',
    remedy:
      'Add a primary key, or: alter table … replica identity using index <a unique index on not-null columns>.',
  },
  // Parts
  database_unreachable: {
    exit: 3,
    meaning: 'PostgreSQL does not answer.',
    remedy: 'Check DATABASE_URL, or start the embedded one with `npm start`.',
  },
  kafka_unreachable: {
    exit: 3,
    meaning: 'Kafka does not answer.',
    remedy: 'Check KAFKA_BROKERS, or start the embedded one with `npm start`.',
  },
  model_service_unreachable: {
    exit: 3,
    meaning: 'There is no model service to call.',
    remedy:
      'Set AFTERGLOW_AWS=real for Amazon, or start the stand-in with `npm start` or `afterglow aws-local`.',
  },
  stack_not_running: {
    exit: 3,
    meaning: 'Nothing is running here.',
    remedy: 'Start it with `npm start`, or name your own parts with DATABASE_URL and KAFKA_BROKERS.',
  },
  node_missing: {
    exit: 3,
    meaning: 'The bundled Node 24 is not installed.',
    remedy: 'Run `npm ci --include=optional`.',
  },
  // Local parts
  platform_unsupported: {
    exit: 3,
    meaning: 'The embedded PostgreSQL exists for Linux on x64 and arm64 only.',
    remedy: 'Set DATABASE_URL and KAFKA_BROKERS to parts of your own, or use docker-compose.yml.',
  },
  java_missing: {
    exit: 3,
    meaning: 'The embedded Kafka needs Java 17 or newer, and there is no Java here.',
    remedy: 'Install a Java 17 runtime, or set KAFKA_BROKERS to a Kafka of your own.',
  },
  java_too_old: {
    exit: 3,
    meaning: 'The embedded Kafka needs Java 17 or newer, and the Java here is older.',
    remedy: 'Install Java 17 or newer and put it first on PATH or into JAVA_HOME, or set KAFKA_BROKERS.',
  },
  maven_missing: {
    exit: 3,
    meaning: 'The embedded Kafka is fetched by Maven, and there is no mvn on PATH.',
    remedy: 'Install Maven, or set KAFKA_BROKERS to a Kafka of your own.',
  },
  pip_missing: {
    exit: 3,
    meaning: 'The embedded PostgreSQL is fetched by pip, and `python3 -m pip` does not work here.',
    remedy: 'Install Python 3 with pip, or set DATABASE_URL to a PostgreSQL of your own.',
  },
  download_failed: {
    exit: 3,
    meaning: 'A download did not succeed; nothing half-made was kept.',
    remedy: 'Check the network and the proxy and mirror settings of pip and Maven, then start again.',
  },
  checksum_mismatch: {
    exit: 3,
    meaning: 'A downloaded file is not the one that was pinned; it was thrown away.',
    remedy: 'Start again; if it happens again, the mirror that pip or Maven is set to serves another file.',
  },
  disk_full: {
    exit: 3,
    meaning: 'There is too little free disk space.',
    remedy: 'Free some space, or set AFTERGLOW_CACHE to a folder on another disk, then start again.',
  },
  data_version_mismatch: {
    exit: 3,
    meaning: 'The data folder was written by another version.',
    remedy: 'Start with `npm start -- --fresh` to begin with empty data, or use the version that wrote it.',
  },
  folder_not_writable: {
    exit: 3,
    meaning: 'The folder for data and downloads cannot be written by this user.',
    remedy:
      'Start as the user who made .afterglow, or remove that folder as that user, or work in a copy of the project.',
  },
  postgres_start_failed: {
    exit: 3,
    meaning: 'The embedded PostgreSQL did not come up.',
    remedy: 'Read the log file named above, or set DATABASE_URL to a PostgreSQL of your own.',
  },
  kafka_start_failed: {
    exit: 3,
    meaning: 'The embedded Kafka did not come up.',
    remedy: 'Read the log file named above, or set KAFKA_BROKERS to a Kafka of your own.',
  },
  part_lost: {
    exit: 3,
    meaning: 'An embedded part ended while it was needed.',
    remedy: 'Its log below .afterglow/logs says why; start again, nothing committed is lost.',
  },
  part_not_up: {
    exit: 3,
    meaning: 'A service did not come up.',
    remedy: 'Its log below .afterglow/logs says why.',
  },
  part_not_stopped: {
    exit: 3,
    meaning: 'A process of this stack did not end.',
    remedy: 'Look at the process named above and end it yourself.',
  },
  // Refused
  database_not_initialised: {
    exit: 4,
    meaning: 'DATABASE_URL names a database that Afterglow was never set up in, so it changes nothing there.',
    remedy: 'Run `afterglow init` against it first, or unset DATABASE_URL to use the embedded one.',
  },
  consent_missing: {
    exit: 4,
    meaning: 'This cannot be undone, and nobody agreed to it.',
    remedy: 'Answer the question on a terminal, or say --yes.',
  },
  demo_refused: {
    exit: 4,
    meaning: 'Demo tables and traffic go only into a database that Afterglow created.',
    remedy: 'Use the embedded database, or say --demo-into-this-database.',
  },
  already_running: {
    exit: 4,
    meaning: 'A stack is already running in this folder.',
    remedy: 'Use it, or stop it with `npx afterglow down`.',
  },
  topic_missing: {
    exit: 4,
    meaning: 'A topic of the pipeline does not exist.',
    remedy: 'Run `afterglow init`: it makes the topics with the settings they need.',
  },
  ...CAPTURE_CATALOGUE,
  ...CUTOVER_CATALOGUE,
  database_login_refused: {
    exit: 3,
    meaning: 'PostgreSQL refuses this login.',
    remedy:
      'Check user, password and database in DATABASE_URL; with AFTERGLOW_DATABASE_AUTH=iam the role needs rds_iam.',
  },
  database_certificate_refused: {
    exit: 3,
    meaning:
      'The certificate of PostgreSQL is not one that a known authority signed for this name, or it has run out.',
    remedy:
      'Put the authority that signed it into the file that AFTERGLOW_DATABASE_CA (or sslrootcert) names, or correct the host in DATABASE_URL.',
  },
  tls_unverified: {
    exit: 2,
    meaning: 'The connection to the database would be encrypted without checking whom it leads to.',
    remedy:
      'Say sslmode=verify-full and name the authority in AFTERGLOW_DATABASE_CA, or sslmode=disable for none at all.',
  },
  // Set-up
  wal_level_too_low: {
    exit: 3,
    meaning: 'The server does not write what logical replication needs into its log.',
    remedy:
      'Run: alter system set wal_level = logical, then restart the server. On Amazon: rds.logical_replication = 1 in the parameter group, then reboot the writer.',
  },
  privileges_missing: {
    exit: 3,
    meaning: 'The role that sets up lacks privileges; nothing was changed.',
    remedy:
      'Have an administrator run the statements above, or run `afterglow init` as a role that has them.',
  },
  vector_missing: {
    exit: 3,
    meaning: 'An enrichment makes vectors, and the server does not have pgvector.',
    remedy: 'Install pgvector 0.7 or newer on the server, then run `afterglow init` again.',
  },
  partitions_fixed: {
    exit: 2,
    meaning: 'The partition count of a topic is fixed for its life.',
    remedy:
      'Set `partitions` of the source back, or use another pipeline name with the new count and backfill it.',
  },
  key_changed: {
    exit: 2,
    meaning: 'The columns that name a row of the source are not those its results are kept under.',
    remedy: 'Use another name for the enrichment and backfill it, or give the table its earlier key back.',
  },
  key_type_changed: {
    exit: 2,
    meaning: 'A key column of the source has another type than the one that its results are kept by.',
    remedy: 'Run `afterglow init`, which alters the side tables.',
  },
  database_of_another_pipeline: {
    exit: 4,
    meaning: 'This database is already set up for another pipeline.',
    remedy: 'Run `afterglow init --remove` with the definition of that pipeline first, or use its name.',
  },
  publication_foreign: {
    exit: 4,
    meaning: 'There is a publication of this name that publishes more than tables.',
    remedy: 'Drop it if nobody needs it, or use another pipeline name.',
  },
  others_depend: {
    exit: 4,
    meaning: 'Something that is not ours is built on what would have to go; nothing was changed.',
    remedy: 'Drop what is named above, then run the command again.',
  },
  dimensions_changed: {
    exit: 2,
    meaning: 'The model makes vectors of another length than the side table holds.',
    remedy:
      'Run `afterglow init`: it makes the table for the new length, empty; then `afterglow backfill` fills it.',
  },
  results_published: {
    exit: 4,
    meaning:
      'The publication of the pipeline holds a table of results: each result would come back as a change.',
    remedy: 'Take the table named above out of the publication, then run `afterglow init`.',
  },
  set_up_blocked: {
    exit: 3,
    meaning: 'Somebody else holds a lock that set-up needs; nothing was changed.',
    remedy: 'Look for long transactions in pg_stat_activity, then run the command again.',
  },
  services_running: {
    exit: 4,
    meaning: 'A service of this pipeline is still connected; nothing was changed in the database.',
    remedy: 'Stop the services (`afterglow down`), then run the command again.',
  },
  // Defects
  defect: {
    exit: 70,
    meaning: 'Something happened that the code does not expect.',
    remedy: 'Report it with the lines above; nothing was acknowledged that is not safe.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof CATALOGUE;

/** An error a person can act on: what happened here, the catalogue's remedy, and the exit status. */
export class AfterglowError extends Error {
  readonly code: ErrorCode;
  readonly exit: ExitCode;
  readonly remedy: string;

  /** `message` says what happened here, in one sentence; `remedy` replaces the catalogue's where a closer one is known. */
  constructor(code: ErrorCode, message?: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(
      message ?? CATALOGUE[code].meaning,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'AfterglowError';
    this.code = code;
    this.exit = CATALOGUE[code].exit;
    this.remedy = options.remedy ?? CATALOGUE[code].remedy;
  }
}
