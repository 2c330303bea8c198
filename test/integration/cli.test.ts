// `afterglow up` from end to end, each stack in a temporary folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive } from '../../deploy/local/processes.ts';
import {
  readStack,
  requireStack,
  type StackProcess,
  type StackState,
} from '../../deploy/local/running-stack.ts';
import { PASTE } from '../../services/cli/view/paste.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { startChild, type TestChild } from '../support/child.ts';
import { failIfLeftOpen } from '../support/leaks.ts';
import { createPipeline } from '../support/pipeline.ts';
import { DOWNLOADS, type ProjectFolder, projectFolder } from '../support/project-folder.ts';
import { createDatabase } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const AFTERGLOW = resolve('services/cli/afterglow.js');
const UP_MS = 180_000;
const END_MS = 90_000;
const TEST_MS = 600_000;

/** Someone's shell, in which everything points elsewhere. */
const SHELL = {
  AWS_REGION: 'eu-west-1',
  AWS_PROFILE: 'production',
  AWS_ACCESS_KEY_ID: 'AKIASOMEONE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  PGHOST: 'elsewhere.example.com',
  PGUSER: 'someone',
};
const CLEAN = {
  DATABASE_URL: undefined,
  KAFKA_BROKERS: undefined,
  AFTERGLOW_AWS: undefined,
  AFTERGLOW_AWS_LOCAL_URL: undefined,
  AFTERGLOW_CACHE: DOWNLOADS,
  NO_COLOR: '1',
  npm_lifecycle_event: undefined,
};

function project(): ProjectFolder {
  const folder = projectFolder();
  copyFileSync('afterglow.yaml', join(folder.path, 'afterglow.yaml'));
  return folder;
}

async function afterglow(
  folder: ProjectFolder,
  commandLine: string | readonly string[],
  environment: Record<string, string | undefined> = {},
): Promise<TestChild> {
  return await startChild(AFTERGLOW, typeof commandLine === 'string' ? commandLine.split(' ') : commandLine, {
    folder: folder.path,
    environment: { ...CLEAN, ...environment },
  });
}

/** Runs to its end. */
async function run(
  folder: ProjectFolder,
  commandLine: string | readonly string[],
  environment: Record<string, string | undefined> = {},
) {
  await using child = await afterglow(folder, commandLine, environment);
  const { status } = await child.ended;
  return { status, output: child.output };
}

/** Resolves when every service is there and the view has begun. */
async function ready(child: TestChild, folder: ProjectFolder): Promise<StackState> {
  await child.outputMatching(/writer=ready|"name":"writer","state":"ready"/, UP_MS);
  const report = readStack(folder.folders);
  if (report.condition !== 'running') throw new Error(`the stack is ${report.condition}`);
  return report.state;
}

async function allEnded(processes: readonly StackProcess[], deadlineMs = END_MS): Promise<void> {
  await until(() => !processes.some(isAlive), {
    deadlineMs,
    what: `the end of ${processes
      .filter(isAlive)
      .map(({ name }) => name)
      .join(', ')}`,
  });
}

/** The row that the live view offers to insert. */
const CARD_TESTING = `
  with one as (insert into customers (full_name, email, country) values ('A B', 'a@example.com', 'US') returning id, country)
  insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present,
    attempts_10m) select id, 1.99, 'Yours', 'digital', country, '4242', false, 9 from one`;

const servicesOf = ({ processes }: StackState) => processes.filter(({ kind }) => kind === 'service');

/** Ends that service whenever it is there, until its supervisor has had enough. */
function hasGivenUp({ processes, ended }: StackState, name: string): boolean {
  const running = processes.find((each) => each.name === name);
  if (running !== undefined && isAlive(running)) process.kill(running.pid, 'SIGKILL');
  return ended.some((each) => each.name === name && each.state === 'given up');
}

const jsonLines = (output: string) =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('up --for ends by itself with a summary, and a shell that points at AWS changes nothing', {
  timeout: TEST_MS,
}, async () => {
  await using folder = project();
  await using up = await afterglow(folder, 'up --for 15s --rate 100 --json', SHELL);
  const state = await ready(up, folder);
  expect(servicesOf(state).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['aws-local', 'reader', 'enricher fraud', 'writer']),
  );
  for (const { pid } of servicesOf(state)) {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    expect(environment).not.toMatch(/AWS_(REGION|PROFILE|ACCESS|SECRET|ENDPOINT)|AKIASOMEONE|PGHOST/);
  }
  expect(await up.ended).toEqual({ status: 0, signal: null });
  const events = jsonLines(up.output);
  const summary = events.find(({ event }) => event === 'summary');
  expect(summary).toMatchObject({ data: folder.folders.data });
  expect(summary?.rows_in).toBeGreaterThan(0);
  expect(summary?.scored).toBeGreaterThan(0);
  expect(summary?.commit_to_written_ms).toMatchObject({ p50: expect.any(Number), p99: expect.any(Number) });
  expect(events.filter(({ event }) => event === 'status').length).toBeGreaterThanOrEqual(8);
  await allEnded(state.processes, 0);
  expect(existsSync(join(folder.folders.root, 'run.json'))).toBe(false);
  expect(await run(folder, 'env')).toMatchObject({ status: 3 });
  // Logs are JSON and never hold a row.
  const log = readFileSync(join(folder.folders.logs, 'writer.log'), 'utf8').trim().split('\n');
  for (const line of log) expect(() => JSON.parse(line) as unknown).not.toThrow();
});

test('a database of someone else is refused before anything is started or written', {
  timeout: TEST_MS,
}, async () => {
  await using folder = project();
  await using database = await createDatabase();
  const relations = async (): Promise<unknown> => {
    const client = await connectDatabase({ url: database.url, applicationName: 'test' });
    const { rows } = await client.query(
      'select count(*)::int4 as relations, max(oid)::int8 as newest from pg_class',
    );
    await client.end();
    return rows;
  };
  const before = await relations();
  const { status, output } = await run(folder, 'up --for 5s', { DATABASE_URL: database.url });
  expect(status).toBe(4);
  expect(output).toContain('Run `afterglow init` against it first');
  expect(output).not.toContain(new URL(database.url).password);
  expect(await relations()).toEqual(before);
  expect(existsSync(join(folder.path, '.afterglow'))).toBe(false);
  const demo = await run(folder, 'demo --for 1s', { DATABASE_URL: database.url });
  expect(demo).toMatchObject({ status: 4 });
  expect(await relations()).toEqual(before);
});

test('beside a running stack; a killed service; a killed `up`; down', { timeout: TEST_MS }, async () => {
  await using folder = project();
  await using up = await afterglow(folder, 'up --json');
  const state = await ready(up, folder);

  const second = await run(folder, 'up --for 5s');
  expect(second.status).toBe(4);
  expect(second.output).toContain('already running');
  // What was the last to come up may not be ready yet.
  const isFine = async () => (await run(folder, 'status --json')).status === 0;
  await until(isFine, { deadlineMs: END_MS, what: 'a status that finds nothing wrong' });
  const env = await run(folder, 'env');
  expect(env.output).toContain(`export KAFKA_BROKERS=${state.environment.KAFKA_BROKERS}`);
  await until(
    async () => {
      const { status, output } = await run(folder, ['sql', '--json', 'select count(*) from afterglow.fraud']);
      expect(status).toBe(0);
      return Number(jsonLines(output)[0]?.count) > 0;
    },
    { deadlineMs: END_MS, what: 'a score beside its row' },
  );
  for (const { statement } of [PASTE.insert, PASTE.select, PASTE.similar]) {
    expect(await run(folder, ['sql', '--json', statement])).toMatchObject({ status: 0 });
  }

  const writer = servicesOf(state).find(({ name }) => name === 'writer');
  process.kill(writer?.pid ?? 0, 'SIGKILL');
  await up.outputMatching(/writer was ended by SIGKILL and starts again/, END_MS);
  await up.outputMatching(/"name":"writer","state":"ready"[^}]*"restarts":1/, END_MS);

  await until(() => hasGivenUp(requireStack(folder.folders), 'writer'), {
    deadlineMs: END_MS,
    what: 'the writer to be given up',
  });
  const status = await run(folder, 'status --json');
  expect(status.status).toBe(1);
  const stopped = { name: 'writer', state: 'stopped', log: join(folder.folders.logs, 'writer.log') };
  expect(jsonLines(status.output)[0]?.services).toContainEqual(expect.objectContaining(stopped));
  const doctor = await run(folder, 'doctor');
  expect(doctor.status).toBe(1);
  expect(doctor.output).toMatch(
    /✖ writer is down and stays down: was ended by SIGKILL\.\n +tail .*writer\.log/,
  );

  const before = readStack(folder.folders);
  if (before.condition !== 'running') throw new Error('the stack should be running');
  process.kill(before.state.supervisor.pid, 'SIGKILL');
  await up.ended;
  await allEnded(servicesOf(before.state)); // they notice by themselves
  expect(readStack(folder.folders).condition).toBe('left_over'); // PostgreSQL and Kafka do not
  const down = await run(folder, 'down');
  expect(down).toMatchObject({ status: 0 });
  expect(down.output).toContain('Stopped.');
  await allEnded(before.state.processes, 0);
  expect(await run(folder, 'down')).toMatchObject({ status: 0, output: 'Nothing is running here.\n' });
});

test('a killed launcher, then a start that goes on with the data, then Ctrl-C', {
  timeout: TEST_MS,
}, async () => {
  await using folder = project();
  let first: StackState;
  {
    await using up = await afterglow(folder, 'up --no-demo --json');
    first = await ready(up, folder);
    up.kill('SIGKILL');
    await up.ended;
    await allEnded([...first.processes, { ...first.supervisor, name: 'up', kind: 'service' }]);
  }
  expect(readStack(folder.folders).condition).toBe('none');

  // In a process group of its own, as a shell starts it on a terminal: Ctrl-C is a signal to the whole group.
  const child = spawn(process.execPath, [AFTERGLOW, 'up', '--no-demo'], {
    cwd: folder.path,
    env: { ...process.env, ...CLEAN },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = failIfLeftOpen('afterglow up', () => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await until(() => output.includes('writer=ready'), { deadlineMs: UP_MS, what: 'a running stack' });
  expect(output).not.toContain('created the demo tables');
  const second = readStack(folder.folders);
  if (second.condition !== 'running') throw new Error('the stack should be running');
  const ended = once(child, 'close');
  process.kill(-(child.pid ?? 0), 'SIGINT');
  expect(await ended).toEqual([0, null]);
  closed();
  expect(output).toMatch(/Stopped after .*\n {2}rows in/);
  await allEnded(second.state.processes, 0);
});

test("with a database and a Kafka of one's own, after init", { timeout: TEST_MS }, async () => {
  await using folder = projectFolder();
  await using pipeline = await createPipeline();
  const { definition, environment, client } = pipeline;
  const text = readFileSync('afterglow.yaml', 'utf8');
  writeFileSync(
    join(folder.path, 'afterglow.yaml'),
    text.replace('pipeline: afterglow', `pipeline: ${definition.pipeline}`),
  );
  const { DATABASE_URL, KAFKA_BROKERS } = environment;
  await using up = await afterglow(folder, 'up --json', { DATABASE_URL, KAFKA_BROKERS });
  const state = await ready(up, folder);
  expect(state.processes.map(({ kind }) => kind)).not.toContain('postgres');
  expect(state.processes.map(({ name }) => name)).not.toContain('demo');
  await client.query(CARD_TESTING);
  await up.outputMatching(/"enrichment":"fraud","result":"\{/, END_MS);
  expect(await up.stop(END_MS)).toEqual({ status: 0, signal: null });
  expect(jsonLines(up.output).at(-1)).toMatchObject({ event: 'summary', scored: 1, flagged: 1, data: null });
});
