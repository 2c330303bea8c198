import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localFolders } from '../../deploy/local/folders.ts';
import { claimStack, type StackState } from '../../deploy/local/running-stack.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { createInvocation } from './invocation.ts';
import {
  awsEnvironmentOf,
  checkDatabaseUrl,
  choosePartsFrom,
  parseBrokers,
  runningStack,
} from './settings.ts';
import { settingsPage } from './settings-table.ts';

const STACK: StackState = {
  supervisor: { pid: 1, start: 'boot/1' },
  since: '2026-11-20T09:15:02Z',
  processes: [],
  ended: [],
  environment: {
    DATABASE_URL: 'postgres://postgres:embedded@127.0.0.1:55432/postgres',
    KAFKA_BROKERS: '127.0.0.1:59092',
    AFTERGLOW_AWS: 'local',
    AFTERGLOW_AWS_LOCAL_URL: 'http://127.0.0.1:4100',
  },
};

test('docs/settings.md is made from the table', async () => {
  await expect(settingsPage()).toMatchFileSnapshot('../../docs/settings.md');
});

test('without settings the running stack is used', () => {
  expect(choosePartsFrom({}, STACK)).toEqual({
    databaseUrl: STACK.environment.DATABASE_URL,
    databaseOrigin: 'stack',
    brokers: ['127.0.0.1:59092'],
    brokersOrigin: 'stack',
    awsEnvironment: { AFTERGLOW_AWS: 'local', AFTERGLOW_AWS_LOCAL_URL: 'http://127.0.0.1:4100' },
  });
});

test('each part is replaced on its own, and an empty variable replaces nothing', () => {
  const parts = choosePartsFrom({ DATABASE_URL: 'postgres://db.example.com/shop', KAFKA_BROKERS: '' }, STACK);
  expect(parts).toMatchObject({ databaseOrigin: 'setting', brokersOrigin: 'stack' });
});

test.each([
  ['nothing is named and nothing runs', {}, 'Nothing is running here.'],
  [
    'only the database is named',
    { DATABASE_URL: 'postgres://a/b' },
    'KAFKA_BROKERS is not set, and nothing is running here.',
  ],
  [
    'only Kafka is named',
    { KAFKA_BROKERS: 'a:9092' },
    'DATABASE_URL is not set, and nothing is running here.',
  ],
])('%s: stack_not_running', (_name, environment, message) => {
  expect(() => choosePartsFrom(environment, undefined)).toThrow(message);
  expect(() => choosePartsFrom(environment, undefined)).toThrow(AfterglowError);
});

test('what a shell says about AWS stays outside unless it is meant', () => {
  const shell = {
    AWS_REGION: 'eu-west-1',
    AWS_PROFILE: 'production',
    AWS_ACCESS_KEY_ID: 'AKIA',
    HOME: '/home/me',
  };
  expect(awsEnvironmentOf(shell, 'http://127.0.0.1:4100')).toEqual({
    AFTERGLOW_AWS: 'local',
    AFTERGLOW_AWS_LOCAL_URL: 'http://127.0.0.1:4100',
  });
  expect(awsEnvironmentOf({ ...shell, AFTERGLOW_AWS: 'real' }, undefined)).toEqual({
    AFTERGLOW_AWS: 'real',
    AWS_REGION: 'eu-west-1',
    AWS_PROFILE: 'production',
    AWS_ACCESS_KEY_ID: 'AKIA',
  });
  expect(() => awsEnvironmentOf({ AFTERGLOW_AWS: 'yes' }, undefined)).toThrow('it takes "local" or "real"');
});

test.each([
  ['a:9092', ['a:9092']],
  ['a:9092, b.example.com:9093', ['a:9092', 'b.example.com:9093']],
  ['[::1]:9092', ['[::1]:9092']],
])('brokers %j', (text, expected) => {
  expect(parseBrokers(text)).toEqual(expected);
});

test('a broker without a port is refused, and a wrong address never shows what it holds', () => {
  expect(() => parseBrokers('a:9092,b')).toThrow('"b"');
  expect(() => checkDatabaseUrl('mysql://me:secret@host/db')).toThrow(/^(?!.*secret)/);
  expect(() => checkDatabaseUrl('not an address')).toThrow(AfterglowError);
});

test('beside the definition nothing runs: the stack of the current folder is the one', async () => {
  await using here = await mkdtempDisposable(join(tmpdir(), 'afterglow-here-'));
  await using elsewhere = await mkdtempDisposable(join(tmpdir(), 'afterglow-elsewhere-'));
  const invocation = createInvocation(
    { config: join(elsewhere.path, 'afterglow.yaml') },
    { environment: {}, folder: here.path, standardOutput: process.stdout, standardError: process.stderr },
  );
  const claimIn = async (folder: string) => {
    const claim = await claimStack(localFolders(folder, {}));
    claim.record({ environment: { DATABASE_URL: `postgres://${folder}` } });
    return claim;
  };
  expect(runningStack(invocation)).toBeUndefined();
  const current = await claimIn(here.path);
  expect(runningStack(invocation)?.environment.DATABASE_URL).toBe(`postgres://${here.path}`);
  const beside = await claimIn(elsewhere.path);
  expect(runningStack(invocation)?.environment.DATABASE_URL).toBe(`postgres://${elsewhere.path}`);
  current.release();
  beside.release();
});
