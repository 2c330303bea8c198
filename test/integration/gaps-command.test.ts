import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { runProgram } from '../../services/cli/program.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { projectFolder } from '../support/project-folder.ts';
import { capture } from '../support/reader.ts';
import { brokers, createDatabase } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TABLE = 'create table orders (id int primary key)';

interface Said {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

async function setUp() {
  const database = await createDatabase();
  const captured = await capture(database.url, TABLE, ['orders']);
  const project = projectFolder();
  writeFileSync(
    join(project.path, 'afterglow.yaml'),
    `version: 1\npipeline: ${captured.pipeline}\nsources:\n  orders: { table: public.orders, partitions: 2 }\n`,
  );
  return {
    captured,
    async run(...words: readonly string[]): Promise<Said> {
      const said = { out: '', error: '' };
      const into = (name: 'out' | 'error'): Writable =>
        new Writable({
          write: (chunk, _encoding, done) => {
            said[name] += String(chunk);
            done();
          },
        });
      const status = await runProgram(words, {
        environment: { DATABASE_URL: database.url, KAFKA_BROKERS: brokers(), NO_COLOR: '1' },
        folder: project.path,
        standardOutput: into('out'),
        standardError: into('error'),
      });
      return { status, ...said };
    },
    async [Symbol.asyncDispose]() {
      await captured[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('gaps: nothing to list or repair, then a lost slot, repaired only with consent', async () => {
  await using setting = await setUp();
  const { captured, run } = setting;
  expect(await run('gaps', 'list')).toMatchObject({ status: 0, out: 'There is no gap.\n' });
  {
    await using reader = captured.start();
    await reader.streams();
  }
  expect(await run('gaps', 'repair', '--json')).toMatchObject({
    status: 4,
    out: expect.stringContaining('nothing_to_repair'),
  });
  await captured.dropSlot();
  const refused = await run('gaps', 'repair');
  expect(refused.status).toBe(4);
  expect(refused.error).toContain('The replication slot is dropped if it is there, and made anew.');
  expect(refused.error).toContain('Nothing was repaired.');
  expect(await listGaps(captured.client)).toEqual([]);

  const repaired = await run('gaps', 'repair', '--yes', '--json');
  expect(repaired.status).toBe(0);
  expect(JSON.parse(repaired.out)).toMatchObject({
    reason: 'slot_lost',
    state: 'repairing',
    tables: ['public.orders'],
  });
  const listed = await run('gaps', 'list');
  expect(listed.status).toBe(1);
  expect(listed.out).toMatch(/^Gap 1, repairing: slot_lost, found \d{4}-/);
  {
    await using reader = captured.start();
    await reader.streams();
    await until(async () => (await run('gaps', 'list')).status === 0, {
      deadlineMs: DEADLINE_MS,
      what: 'the gap to be closed',
    });
    expect(await reader.metrics()).toMatch(/afterglow_reader_gaps\{state="repairing"\} 0/);
  }
  expect(await run('gaps', 'lst')).toMatchObject({
    status: 2,
    error: expect.stringContaining('Did you mean list?'),
  });
});

test('the transaction that pins the log is in the metrics, apart from what the reader has not confirmed', async () => {
  await using setting = await setUp();
  const { captured } = setting;
  await using reader = captured.start();
  await reader.streams();
  const pinning = await connectDatabase({ url: captured.url, applicationName: 'test (pinning)' });
  try {
    await pinning.query('begin');
    await pinning.query('insert into orders values (1)');
    const { rows } = await pinning.query<{ pid: number }>('select pg_backend_pid() as pid');
    await captured.client.query('create table filler (text text)');
    // More than what a restart position ordinarily is behind.
    await captured.client.query(
      "insert into filler select string_agg(md5(n::text || m::text), '') from generate_series(1, 700) n, generate_series(1, 1800) m group by n",
    );
    await until(async () => (await reader.metrics()).includes(`pinning_transaction_pid ${rows[0]?.pid}\n`), {
      deadlineMs: DEADLINE_MS,
      what: 'the metrics to name the process',
      everyMs: 200,
    });
    const metrics = await reader.metrics();
    const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
    expect(value('afterglow_reader_slot_restart_lag_bytes')).toBeGreaterThan(32 * 1_048_576);
    expect(metrics).toContain('afterglow_reader_slot_safety{state="ok"} 1');
    await pinning.query('rollback');
  } finally {
    await pinning.end();
  }
});
