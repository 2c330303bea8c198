// Where the parts are: the environment first, else the stack that runs here. See settings-table.ts.
import { localFolders } from '../../deploy/local/folders.ts';
import { readStack, type StackState } from '../../deploy/local/running-stack.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { withDatabaseOptions } from '../../shared/postgres/address.ts';
import { type ValkeyAddress, valkeyAddress } from '../../shared/valkey/address.ts';
import type { Environment, Invocation } from './invocation.ts';
import { isAwsVariable, type SettingName } from './settings-table.ts';

/** setting: named in the environment, so it is the user's own. stack: what `up` started here. */
export type PartOrigin = 'setting' | 'stack';

export interface Parts {
  /** Holds a password: never logged. */
  readonly databaseUrl: string;
  readonly databaseOrigin: PartOrigin;
  readonly brokers: readonly string[];
  readonly brokersOrigin: PartOrigin;
  /** AFTERGLOW_AWS and what belongs to it; nothing of AWS_* unless real. */
  readonly awsEnvironment: Environment;
}

/** An empty variable is one that nobody set. */
export function settingOf(environment: Environment, name: SettingName): string | undefined {
  const value = environment[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

export function parseBrokers(text: string): readonly string[] {
  const brokers = text.split(',').map((broker) => broker.trim());
  const wrong = brokers.find((broker) => !/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(broker));
  if (wrong === undefined) return brokers;
  throw new AfterglowError('usage', `KAFKA_BROKERS holds "${wrong}"; each broker is written host:port.`);
}

export function checkDatabaseUrl(url: string): string {
  const protocol = URL.parse(url)?.protocol;
  if (protocol === 'postgres:' || protocol === 'postgresql:') return url;
  // The value itself may hold a password and is not quoted.
  throw new AfterglowError(
    'usage',
    'DATABASE_URL is not written postgres://user:password@host:port/database.',
  );
}

/** DATABASE_URL with how to log in and whom to trust in it, so that whoever gets the URL has all of it. */
export function ownDatabaseUrl(environment: Environment): string | undefined {
  const url = settingOf(environment, 'DATABASE_URL');
  const auth = settingOf(environment, 'AFTERGLOW_DATABASE_AUTH') ?? 'password';
  if (auth !== 'password' && auth !== 'iam') {
    throw new AfterglowError('usage', `AFTERGLOW_DATABASE_AUTH is "${auth}"; it takes "password" or "iam".`);
  }
  if (url === undefined) return undefined;
  return withDatabaseOptions(checkDatabaseUrl(url), {
    authority: settingOf(environment, 'AFTERGLOW_DATABASE_CA'),
    usesIam: auth === 'iam',
    region: environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION,
  });
}

/** Undefined: there is none, and none is needed. */
export function valkeyOf(environment: Environment): ValkeyAddress | undefined {
  const url = settingOf(environment, 'VALKEY_URL');
  if (url === undefined) return undefined;
  return valkeyAddress(url, {
    authority: settingOf(environment, 'AFTERGLOW_VALKEY_CA'),
    password: settingOf(environment, 'VALKEY_PASSWORD'),
  });
}

export type AwsMode = 'local' | 'real';

export function awsModeOf(environment: Environment): AwsMode {
  const mode = settingOf(environment, 'AFTERGLOW_AWS') ?? 'local';
  if (mode === 'local' || mode === 'real') return mode;
  throw new AfterglowError('usage', `AFTERGLOW_AWS is "${mode}"; it takes "local" or "real".`);
}

/** With `local` only the stand-in's address; whatever else a shell says about AWS stays outside. */
export function awsEnvironmentOf(environment: Environment, localUrl: string | undefined): Environment {
  if (awsModeOf(environment) === 'real') {
    const own = Object.entries(environment).filter(([name]) => isAwsVariable(name));
    return { ...Object.fromEntries(own), AFTERGLOW_AWS: 'real' };
  }
  const url = settingOf(environment, 'AFTERGLOW_AWS_LOCAL_URL') ?? localUrl;
  return { AFTERGLOW_AWS: 'local', ...(url === undefined ? {} : { AFTERGLOW_AWS_LOCAL_URL: url }) };
}

/** Pure: the environment wins part by part, so that each can be replaced on its own. */
export function choosePartsFrom(environment: Environment, stack: StackState | undefined): Parts {
  const ownDatabase = ownDatabaseUrl(environment);
  const ownBrokers = settingOf(environment, 'KAFKA_BROKERS');
  const databaseUrl = ownDatabase ?? stack?.environment.DATABASE_URL;
  const brokers = ownBrokers ?? stack?.environment.KAFKA_BROKERS;
  if (databaseUrl === undefined || brokers === undefined) {
    const missing = databaseUrl === undefined ? 'DATABASE_URL' : 'KAFKA_BROKERS';
    throw ownDatabase === undefined && ownBrokers === undefined
      ? new AfterglowError('stack_not_running')
      : new AfterglowError('stack_not_running', `${missing} is not set, and nothing is running here.`);
  }
  return {
    databaseUrl: checkDatabaseUrl(databaseUrl),
    databaseOrigin: ownDatabase === undefined ? 'stack' : 'setting',
    brokers: parseBrokers(brokers),
    brokersOrigin: ownBrokers === undefined ? 'stack' : 'setting',
    awsEnvironment: awsEnvironmentOf(environment, stack?.environment.AFTERGLOW_AWS_LOCAL_URL),
  };
}

export const foldersOf = ({ projectFolder, environment }: Invocation) =>
  localFolders(projectFolder, environment);

/** The stack that `up` runs beside the definition, else the one in the current folder, if any. */
export function runningStack({
  projectFolder,
  currentFolder,
  environment,
}: Invocation): StackState | undefined {
  for (const folder of [projectFolder, currentFolder]) {
    const report = readStack(localFolders(folder, environment));
    if (report.condition === 'running') return report.state;
  }
  return undefined;
}

export const chooseParts = (invocation: Invocation): Parts =>
  choosePartsFrom(invocation.environment, runningStack(invocation));
