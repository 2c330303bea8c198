// Every environment variable that Afterglow reads, in one table: settings.ts reads it, docs/settings.md is made from it.

export interface SettingEntry {
  readonly name: string;
  readonly values: string;
  readonly default: string;
  readonly meaning: string;
  /** Shown as *** wherever settings are shown. */
  readonly isSecret?: boolean;
}

export const SETTINGS = [
  {
    name: 'DATABASE_URL',
    values: '`postgres://user:password@host:port/database`',
    default: 'the embedded PostgreSQL',
    meaning:
      'Your database. `up` uses it only after `afterglow init` was run against it, and never puts demo tables there.',
    isSecret: true,
  },
  {
    name: 'AFTERGLOW_DATABASE_AUTH',
    values: '`password` or `iam`',
    default: '`password`',
    meaning:
      'How to log in to DATABASE_URL. `iam` signs a new token for each connection with the usual AWS_* variables, over verified TLS.',
  },
  {
    name: 'AFTERGLOW_DATABASE_CA',
    values: 'a file',
    default: 'the authorities that Node knows',
    meaning:
      'Certificates that the database may be signed by (PEM), such as the bundle of Amazon RDS. Naming it switches verified TLS on.',
  },
  {
    name: 'KAFKA_BROKERS',
    values: '`host:port`, several with commas',
    default: 'the embedded Kafka',
    meaning: 'Your Kafka. It has to take plain connections from here: TLS and SASL cannot be configured yet.',
  },
  {
    name: 'VALKEY_URL',
    values: '`valkeys://user:password@host:port`, or `valkey://…` without TLS',
    default: 'none: PostgreSQL alone keeps what was paid for',
    meaning:
      'A Valkey (or Redis, from 6.2) in front of the answers in PostgreSQL. Its loss makes look-ups slower and nothing else. `rediss://` and `redis://` are the same.',
    isSecret: true,
  },
  {
    name: 'VALKEY_PASSWORD',
    values: 'a password',
    default: 'the one in VALKEY_URL',
    meaning: 'For secrets that are handed over by themselves.',
    isSecret: true,
  },
  {
    name: 'AFTERGLOW_VALKEY_CA',
    values: 'a file',
    default: 'the authorities that Node knows',
    meaning: 'Certificates that Valkey may be signed by (PEM).',
  },
  {
    name: 'AFTERGLOW_AWS',
    values: '`local` or `real`',
    default: '`local`',
    meaning:
      'Who answers model calls. `real` calls Amazon with the usual AWS_* variables and costs money; with `local` none of those has any effect.',
  },
  {
    name: 'AFTERGLOW_AWS_LOCAL_URL',
    values: '`http://host:port`',
    default: 'the stand-in that `up` starts',
    meaning: 'Where the stand-in for the AWS endpoints answers.',
  },
  {
    name: 'AFTERGLOW_HTTP_PORT',
    values: 'a port',
    default: 'any free port',
    meaning: 'Where a service in the foreground answers `/metrics`, `/livez` and `/readyz`.',
  },
  {
    name: 'AFTERGLOW_NOTIFY',
    values: '`flagged`',
    default: 'nobody is notified',
    meaning:
      'The writer sends `NOTIFY afterglow_<enrichment>` for each flagged result that it writes; the payload is the key as JSON, nothing else. Every commit of the writer then takes a lock of the whole server.',
  },
  {
    name: 'AFTERGLOW_CACHE',
    values: 'a folder',
    default: '`.afterglow/downloads`',
    meaning: 'Where the downloads of embedded parts are kept; several checkouts may share one.',
  },
  {
    name: 'NO_COLOR',
    values: 'anything',
    default: 'colours on a terminal',
    meaning: 'No colours, as `--no-color`.',
  },
] as const satisfies readonly SettingEntry[];

/** For the services that call models, and for no other. */
export const VALKEY_VARIABLES = [
  'VALKEY_URL',
  'VALKEY_PASSWORD',
  'AFTERGLOW_VALKEY_CA',
] as const satisfies readonly SettingName[];

export type SettingName = (typeof SETTINGS)[number]['name'];

/** Names that are passed to child processes only with AFTERGLOW_AWS=real. */
export const isAwsVariable = (name: string): boolean => name.startsWith('AWS_') || name.startsWith('AMAZON_');

const INTRODUCTION = `# Settings

<!-- Made from services/cli/settings-table.ts; a test compares. Do not edit here. -->

Everything about *what* is enriched stands in \`afterglow.yaml\`, where \`\${NAME}\` and \`\${NAME:-default}\` take values
from the environment. *Where the parts are* is said by these environment variables. A part that none of them names is
taken from the stack that runs beside the definition or in the current folder (\`.afterglow/run.json\`);
\`afterglow up\` starts what is missing.

`;

/** The whole of docs/settings.md. */
export function settingsPage(): string {
  const rows = SETTINGS.map(
    ({ name, values, default: standard, meaning }) =>
      `| \`${name}\` | ${values} | ${standard} | ${meaning} |`,
  );
  return `${INTRODUCTION}| variable | takes | without it | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}
