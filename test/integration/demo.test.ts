import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { DemoReport } from '../../services/cli/demo/report.ts';
import { runDemo } from '../../services/cli/demo/run.ts';
import { assertDemoAllowed, createDemoTables, fillDemoTables } from '../../services/cli/demo/tables.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createDatabase } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const logger = pino({ level: 'silent' });
const DEADLINE_MS = 60_000;

/** One connection that is closed at the end, whatever happens. */
async function connected<Result>(
  url: string,
  work: (client: DatabaseClient) => Promise<Result>,
): Promise<Result> {
  const client = await connectDatabase({ url, applicationName: 'demo test' });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function listens(door: Server, port: number): Promise<boolean> {
  door.listen(port, '127.0.0.1');
  try {
    await once(door, 'listening');
    return true;
  } catch {
    return false;
  }
}

/** True when they were made, and how many rows were written. */
const createTables = async (url: string) =>
  await connected(url, async (client) => ({
    created: await createDemoTables(client),
    rows: await fillDemoTables(client),
  }));

async function numberOf(client: DatabaseClient, sql: string): Promise<number> {
  const { rows } = await client.query<{ number: string }>(`select (${sql}) as number`);
  return Number(rows[0]?.number);
}

describe('demo tables', () => {
  test.each([16, 18] as const)('are created and filled once on PostgreSQL %i', async (version) => {
    await using database = await createDatabase(version);
    const created = await createTables(database.url);
    expect(created.created).toBe(true);
    expect(created.rows).toBeGreaterThan(1_450);
    expect(await createTables(database.url)).toEqual({ created: false, rows: 0 });
    await connected(database.url, async (client) => {
      expect(await numberOf(client, 'select count(*) from customers')).toBe(200);
      expect(await numberOf(client, 'select count(*) from transactions')).toBe(1_200);
      expect(await numberOf(client, 'select count(*) from reviews')).toBe(created.rows - 1_400);
      await assertDemoAllowed(client, { forced: false });
    });
  });

  test('two that start at once create them once', async () => {
    await using database = await createDatabase();
    const both = await Promise.all([createTables(database.url), createTables(database.url)]);
    expect(both.map((one) => one.created).toSorted()).toEqual([false, true]);
  });

  test('belong only into a database of Afterglow, unless somebody insists', async () => {
    await using database = await createDatabase();
    await connected(database.url, async (client) => {
      await expect(assertDemoAllowed(client, { forced: false })).rejects.toMatchObject({
        code: 'demo_refused',
      });
      await expect(assertDemoAllowed(client, { forced: true })).resolves.toBeUndefined();
    });
  });

  test.each([
    ['a table', 'create table reviews (id integer)'],
    ['a view', 'create view customers as select 1 as id'],
    ['a type', "create type transaction_kind as enum ('gift')"],
  ])('never meet %s of somebody else, even when forced', async (_what, foreign) => {
    await using database = await createDatabase();
    await connected(database.url, async (client) => {
      await client.query(foreign);
      const refused = { code: 'demo_refused', exit: 4 };
      await expect(assertDemoAllowed(client, { forced: true })).rejects.toMatchObject(refused);
      await expect(createDemoTables(client)).rejects.toMatchObject(refused);
      expect(
        await numberOf(client, "select count(*) from pg_namespace where nspname like 'afterglow%'"),
      ).toBe(0);
    });
  });

  test('are not taken for ours when somebody replaced one', async () => {
    await using database = await createDatabase();
    await createTables(database.url);
    await connected(database.url, async (client) => {
      await client.query('drop table reviews; create table reviews (id integer)');
      await expect(assertDemoAllowed(client, { forced: true })).rejects.toThrow(
        /did not create public.reviews/,
      );
      await client.query('drop table reviews');
      await expect(createDemoTables(client)).rejects.toThrow(/only .* are left/);
    });
  });
});

describe('demo traffic', () => {
  test('runs 500 operations, the same for the same seed', async () => {
    await using first = await createDatabase();
    await using second = await createDatabase();
    const run = async (url: string): Promise<DemoReport> => {
      await createTables(url);
      const settings = { url, rowsPerSecond: 5_000, seed: 11, operationsMax: 500, logger };
      return await runDemo({ ...settings, signal: new AbortController().signal });
    };
    const [one, other] = await Promise.all([run(first.url), run(second.url)]);
    expect(one.operationsTotal).toBeGreaterThanOrEqual(500);
    expect(one.rows).toBe(one.operationsTotal);
    expect(one.refusedCommits + one.uncertainCommits).toBe(0);
    expect(one.operations).toEqual(other.operations);
    const contents = async (url: string): Promise<unknown> =>
      await connected(url, async (client) => {
        const sql =
          'select customer_id, kind, status, amount, merchant_name, attempts_10m from transactions order by id';
        return (await client.query(sql)).rows;
      });
    expect(await contents(first.url)).toEqual(await contents(second.url));
  });

  test('keeps the set rate, shows attacks, and stores long reviews out of line', async () => {
    await using database = await createDatabase();
    await createTables(database.url);
    const settings = { url: database.url, scenario: 'card-testing', operationsMax: 1_200, logger } as const;
    const { signal } = new AbortController();
    const report = await runDemo({ ...settings, rowsPerSecond: 400, signal });
    // Three seconds, give or take the busy moment; exactness over whole cycles is a unit test's matter.
    expect(report.elapsedMs).toBeGreaterThan(1_500);
    // What the machine takes by itself for as many is not the pace's doing.
    const unpaced = await runDemo({ ...settings, rowsPerSecond: 1_000_000, signal });
    expect(report.elapsedMs).toBeLessThan(5_000 + 3 * unpaced.elapsedMs);
    expect(report.attackAttempts).toBeGreaterThan(11);
    await connected(database.url, async (client) => {
      expect(await numberOf(client, 'select max(attempts_10m) from transactions')).toBeGreaterThan(11);
      const toast = "select pg_relation_size(reltoastrelid) from pg_class where oid = 'reviews'::regclass";
      expect(await numberOf(client, toast)).toBeGreaterThan(0);
    });
  });

  test('stops when told to, without leaving a connection', async () => {
    await using database = await createDatabase();
    await createTables(database.url);
    const stopping = new AbortController();
    const running = runDemo({ url: database.url, rowsPerSecond: 100, logger, signal: stopping.signal });
    await connected(database.url, async (client) => {
      const sql = 'select count(*) from transactions';
      await until(async () => (await numberOf(client, sql)) > 1_205, {
        deadlineMs: DEADLINE_MS,
        what: 'traffic',
      });
    });
    stopping.abort();
    expect((await running).rows).toBeGreaterThan(5);
  });

  test('survives a terminated connection', async () => {
    await using database = await createDatabase();
    await createTables(database.url);
    const stopping = new AbortController();
    const running = runDemo({ url: database.url, rowsPerSecond: 200, logger, signal: stopping.signal });
    await connected(database.url, async (client) => {
      const rows = async (): Promise<number> => await numberOf(client, 'select count(*) from transactions');
      await until(async () => (await rows()) > 1_210, { deadlineMs: DEADLINE_MS, what: 'traffic' });
      const { rowCount } = await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'afterglow demo' and datname = $1",
        [database.name],
      );
      expect(rowCount).toBe(1);
      const before = await rows();
      await until(async () => (await rows()) > before + 20, {
        deadlineMs: DEADLINE_MS,
        what: 'traffic to go on',
      });
    });
    stopping.abort();
    const report = await running;
    expect(report.uncertainCommits).toBe(1);
  });

  test('waits for a database that is not up yet', async () => {
    await using database = await createDatabase();
    await createTables(database.url);
    const { hostname, port } = new URL(database.url);
    const door = createServer((socket) => {
      const behind = connect(Number(port), hostname);
      for (const end of [socket, behind]) end.on('error', () => {});
      socket.pipe(behind).pipe(socket);
    });
    door.listen(0, '127.0.0.1');
    await once(door, 'listening');
    const address = door.address();
    if (address === null || typeof address === 'string') throw new TypeError('no port');
    await promisify(door.close.bind(door))();
    const url = new URL(database.url);
    url.hostname = '127.0.0.1';
    url.port = String(address.port);
    const attempts: unknown[] = [];
    const counting = pino({ level: 'warn' }, { write: (line: string) => attempts.push(line) });
    const signal = new AbortController().signal;
    const running = runDemo({
      url: url.href,
      rowsPerSecond: 500,
      logger: counting,
      signal,
      operationsMax: 20,
    });
    await until(() => attempts.length > 1, { deadlineMs: DEADLINE_MS, what: 'a second attempt to connect' });
    // For a moment the port was anybody's.
    await until(() => listens(door, address.port), { deadlineMs: DEADLINE_MS, what: 'the port to be free' });
    expect((await running).rows).toBeGreaterThanOrEqual(20);
    await promisify(door.close.bind(door))();
  });

  test('is refused without demo tables, and ends when they are dropped under it', async () => {
    await using database = await createDatabase();
    const settings = { url: database.url, rowsPerSecond: 100, logger, signal: new AbortController().signal };
    await expect(runDemo(settings)).rejects.toMatchObject({ code: 'demo_refused' });
    await createTables(database.url);
    const running = runDemo(settings);
    const ended = expect(running).rejects.toMatchObject({ code: 'demo_refused' });
    await connected(database.url, async (client) => {
      const sql = 'select count(*) from transactions';
      await until(async () => (await numberOf(client, sql)) > 1_200, {
        deadlineMs: DEADLINE_MS,
        what: 'traffic',
      });
      await client.query('drop table reviews, transactions, customers');
    });
    await ended;
  });
});
