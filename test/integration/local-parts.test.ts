import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import pg from 'pg';
import { afterEach, expect, test, vi } from 'vitest';
import { startKafka } from '../../deploy/local/kafka.ts';
import { LOOPBACK } from '../../deploy/local/ports.ts';
import { startPostgres } from '../../deploy/local/postgres.ts';
import { isAlive } from '../../deploy/local/processes.ts';
import type { ProgressEvent } from '../../deploy/local/progress.ts';
import { readStack, requireStack, stopStack } from '../../deploy/local/running-stack.ts';
import { startChild } from '../support/child.ts';
import { DOWNLOADS, projectFolder } from '../support/project-folder.ts';
import { until } from '../support/wait.ts';

const UP_MS = 120_000;
const SUPERVISOR = 'test/support/run-parts.ts';
const ENVIRONMENT = { AFTERGLOW_CACHE: DOWNLOADS };
afterEach(() => {
  vi.unstubAllEnvs();
});

const silent = (): void => {};

async function query(url: string, statement: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

function kafkaAdmin(brokers: string): ReturnType<KafkaClient['admin']> {
  return new KafkaClient({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
}

async function occupyPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: LOOPBACK, port: 0 }, resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('PostgreSQL keeps data, password and port, after a kill -9 of the postmaster too', async () => {
  await using project = projectFolder();
  const { folders } = project;
  const first = await startPostgres({ folders, version: 18, port: 0, progress: silent });
  await query(first.url, 'create table kept as select 7 as seven');
  await query(first.url, 'create extension vector');
  process.kill(first.identity.pid, 'SIGKILL');
  expect(await first.ended).toBe('ended by SIGKILL');
  const second = await startPostgres({ folders, version: 18, port: 0, progress: silent });
  expect(second.url).toBe(first.url);
  expect(await query(second.url, 'select seven from kept')).toEqual([{ seven: 7 }]);
  await second.stop();
  expect(isAlive(second.identity)).toBe(false);
});

test('PostgreSQL listens on the loopback address with a password, and nowhere else', async () => {
  await using project = projectFolder();
  const { folders } = project;
  const settings = { max_connections: '50' };
  const postgres = await startPostgres({ folders, version: 16, port: 0, settings, progress: silent });
  const shown = await query(
    postgres.url,
    `select name, setting from pg_settings where name in
       ('listen_addresses', 'unix_socket_directories', 'wal_level', 'max_connections', 'server_encoding') order by name`,
  );
  expect(shown).toEqual([
    { name: 'listen_addresses', setting: '127.0.0.1' },
    { name: 'max_connections', setting: '50' },
    { name: 'server_encoding', setting: 'UTF8' },
    { name: 'unix_socket_directories', setting: '' },
    { name: 'wal_level', setting: 'logical' },
  ]);
  const wrong = new URL(postgres.url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  await postgres.stop();
});

test('Kafka comes back with its topics after a kill -9', async () => {
  await using project = projectFolder();
  const { folders } = project;
  const first = await startKafka({ folders, port: 0, progress: silent });
  const admin = kafkaAdmin(first.brokers);
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 2 }] });
  await admin.disconnect();
  process.kill(first.identity.pid, 'SIGKILL');
  await first.ended;
  const second = await startKafka({ folders, port: 0, progress: silent });
  const again = kafkaAdmin(second.brokers);
  await again.connect();
  const isKept = async () => (await again.listTopics()).includes('kept');
  await until(isKept, { deadlineMs: UP_MS, what: 'the topic' });
  await again.disconnect();
  await second.stop();
  expect(isAlive(second.identity)).toBe(false);
});

test('a busy port is replaced by a free one, clients are sent there, and it is said', async () => {
  await using project = projectFolder();
  const { folders } = project;
  await using busy = await occupyPort();
  const events: ProgressEvent[] = [];
  const progress = (event: ProgressEvent): void => {
    events.push(event);
  };
  const [postgres, kafka] = await Promise.all([
    startPostgres({ folders, version: 18, port: busy.port, progress }),
    startKafka({ folders, port: busy.port, progress }),
  ]);
  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  const admin = kafkaAdmin(kafka.brokers);
  await admin.connect();
  const { brokers } = await admin.describeCluster();
  await admin.disconnect();
  expect(brokers).toEqual([{ nodeId: 1, host: LOOPBACK, port: kafka.port }]);
  const said = events.filter(({ phase }) => phase === 'port').map(({ message }) => message);
  // The free port that was found may be taken a moment later, and that is said too.
  expect(said.filter((message) => message.includes(`port ${busy.port} is in use`))).toHaveLength(2);
  await Promise.all([postgres.stop(), kafka.stop()]);
});

test('data of another version is left alone, with one clear message', async () => {
  await using project = projectFolder();
  const { folders } = project;
  const sixteen = await startPostgres({ folders, version: 16, port: 0, progress: silent });
  await sixteen.stop();
  await expect(startPostgres({ folders, version: 18, port: 0, progress: silent })).rejects.toMatchObject({
    code: 'data_version_mismatch',
    message: expect.stringMatching(/written by PostgreSQL 16, and this is PostgreSQL 18/),
    remedy: expect.stringContaining('--fresh'),
  });
});

test('a server that does not come up is explained from its log', async () => {
  await using project = projectFolder();
  const { folders } = project;
  const settings = { no_such_setting: '1' };
  const log = join(folders.logs, 'postgres.log');
  await expect(
    startPostgres({ folders, version: 18, port: 0, settings, progress: silent }),
  ).rejects.toMatchObject({
    code: 'postgres_start_failed',
    message: expect.stringMatching(new RegExp(`unrecognized configuration parameter.*${log}`)),
  });
  const kafka = await startKafka({ folders, port: 0, progress: silent });
  await kafka.stop();
  await writeFile(
    join(folders.data, 'kafka', 'log', 'meta.properties'),
    'version=1\ncluster.id=other\nnode.id=7\n',
  );
  await expect(startKafka({ folders, port: 0, progress: silent })).rejects.toMatchObject({
    code: 'kafka_start_failed',
    message: expect.stringMatching(/log: .*kafka\.log/),
  });
});

test('after a kill -9 of the supervisor the next start stops what is left over', async () => {
  await using project = projectFolder();
  const { path, folders } = project;
  await using first = await startChild(SUPERVISOR, [path, 'postgres', 'kafka'], { environment: ENVIRONMENT });
  await first.outputMatching(/all up/, UP_MS);
  const before = requireStack(folders);
  expect(before.processes.map(({ kind }) => kind).sort()).toEqual(['kafka', 'postgres']);
  first.kill('SIGKILL');
  await first.ended;
  expect(readStack(folders).condition).toBe('left_over');
  expect(before.processes.every(isAlive)).toBe(true);
  await using second = await startChild(SUPERVISOR, [path, 'postgres'], { environment: ENVIRONMENT });
  await second.outputMatching(/all up/, UP_MS);
  expect(second.output).toContain('left over: postgres');
  expect(second.output).toContain('left over: kafka');
  expect(before.processes.some(isAlive)).toBe(false);
  expect(await second.stop(UP_MS)).toEqual({ status: 0, signal: null });
  expect(readStack(folders)).toEqual({ condition: 'none' });
});

test('a server that is left over without any record of it is found by its data', async () => {
  await using project = projectFolder();
  const { folders } = project;
  const postgres = await startPostgres({ folders, version: 18, port: 0, progress: silent });
  const phases: string[] = [];
  const again = await startPostgres({
    folders,
    version: 18,
    port: 0,
    progress: ({ phase }) => phases.push(phase),
  });
  expect(phases).toContain('clean');
  expect(await postgres.ended).toBe('ended with status 0');
  await again.stop();
});

test('of several starts at the same instant one wins, and it goes on undisturbed', async () => {
  await using project = projectFolder();
  const { path, folders } = project;
  const children = await Promise.all(
    [1, 2, 3].map(async () => await startChild(SUPERVISOR, [path, 'postgres'], { environment: ENVIRONMENT })),
  );
  await Promise.race(
    children.map(
      async (child) => await child.outputMatching(/all up/, UP_MS).catch(() => new Promise(() => {})),
    ),
  );
  const { supervisor, processes } = requireStack(folders);
  const losers = children.filter(({ pid }) => pid !== supervisor.pid);
  expect(losers).toHaveLength(2);
  for (const loser of losers) {
    expect(await loser.ended).toEqual({ status: 4, signal: null });
    expect(loser.output).toMatch(/^already_running: A stack is already running in .* \(pid \d+\)\.$/m);
  }
  expect(processes.every(isAlive)).toBe(true);
  expect(await stopStack(folders)).toBe(true);
  expect(processes.some(isAlive)).toBe(false);
  await Promise.all(children.map(async (child) => await child.ended));
});

test.runIf(process.getuid?.() === 0)('root may start it from a folder that is closed to others', async () => {
  await using project = projectFolder({ mode: 0o700 });
  const { path, folders } = project;
  vi.stubEnv('TMPDIR', dirname(path));
  const messages: string[] = [];
  const postgres = await startPostgres({
    folders,
    version: 18,
    port: 0,
    progress: ({ phase, message }) => {
      if (phase === 'place') messages.push(message);
    },
  });
  expect(messages).toEqual([expect.stringContaining(`cannot reach ${folders.data}`)]);
  expect(readFileSync(`/proc/${postgres.identity.pid}/status`, 'utf8')).not.toMatch(/^Uid:\t0\t/m);
  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  await postgres.stop();
  expect(existsSync(folders.data)).toBe(false);
});
