// What a person at the command line may meet: code, exit status, meaning, remedy. docs/errors.md is made from it.

/** 1 check found something, 2 usage or definition, 3 part unreachable, 4 refused, 70 defect. */
export type ExitCode = 1 | 2 | 3 | 4 | 70;

export interface CatalogueEntry {
  readonly exit: ExitCode;
  readonly meaning: string;
  readonly remedy: string;
}

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
  // Refused
  database_not_initialised: {
    exit: 4,
    meaning: 'DATABASE_URL names a database that Afterglow was never set up in, so it changes nothing there.',
    remedy: 'Run `afterglow init` against it first, or unset DATABASE_URL to use the embedded one.',
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
