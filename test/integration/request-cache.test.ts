import { describe, expect, test } from 'vitest';
import { type AskedAnswer, PayOnce } from '../../services/enricher/pay-once.ts';
import { keepWithinBounds, sharedRequests } from '../../services/enricher/shared-requests.ts';
import { connectDatabase, createPool, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { readCacheSeal } from '../../shared/side-tables/cache-seal.ts';
import { migrationStatements, pendingMigrations } from '../../shared/side-tables/migrations.ts';
import {
  forgetRequests,
  type RequestToCache,
  readRequests,
  storeRequests,
} from '../../shared/side-tables/request-cache.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { ownServer } from '../support/own-server.ts';
import { createDatabase } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const DAY_MS = 86_400_000;
const hashOf = (number: number): string => number.toString(16).padStart(64, '0');
const request = (number: number, result = `{"n":${number}}`): RequestToCache => ({
  requestHash: hashOf(number),
  result,
  costNanoUsd: number,
});

interface Setting extends AsyncDisposable {
  readonly url: string;
  readonly client: DatabaseClient;
}

async function setUp(): Promise<Setting> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await createDatabase());
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  cleanup.defer(() => client.end());
  for (const sql of pendingMigrations([]).flatMap(migrationStatements)) await client.query(sql);
  const disposal = cleanup.move();
  return { url: database.url, client, [Symbol.asyncDispose]: () => disposal.disposeAsync() };
}

const age = async (client: DatabaseClient, number: number, days: number): Promise<void> => {
  await client.query(
    `update afterglow_internal.request_cache set stored_at = now() - make_interval(days => $2) where request_hash = decode($1, 'hex')`,
    [hashOf(number), days],
  );
};

const kept = async (client: DatabaseClient): Promise<number[]> => {
  const { rows } = await client.query<{ cost: string }>(
    'select cost_nano_usd as cost from afterglow_internal.request_cache order by cost_nano_usd',
  );
  return rows.map(({ cost }) => Number(cost));
};

describe('the request cache', () => {
  test('gives back what was stored, in the order of the questions, and keeps the first of two equal answers', async () => {
    await using setting = await setUp();
    const { client } = setting;
    await storeRequests(client, 'embedding', [request(2), request(1), request(2, '{"n":"later"}')], DAY_MS);
    await storeRequests(client, 'embedding', [request(1, '{"n":"later"}')], DAY_MS);
    const found = await readRequests(client, [3, 2, 1, 2].map(hashOf), DAY_MS);
    expect(found).toEqual([
      undefined,
      { result: '{"n":2}', costNanoUsd: 2 },
      { result: '{"n":1}', costNanoUsd: 1 },
      { result: '{"n":2}', costNanoUsd: 2 },
    ]);
  });

  test('an answer that is too old is none, and is replaced by the next one', async () => {
    await using setting = await setUp();
    const { client } = setting;
    await storeRequests(client, 'embedding', [request(1)], 2 * DAY_MS);
    await age(client, 1, 3);
    expect(await readRequests(client, [hashOf(1)], 2 * DAY_MS)).toEqual([undefined]);
    await storeRequests(client, 'embedding', [request(1, '{"n":"new"}')], 2 * DAY_MS);
    expect((await readRequests(client, [hashOf(1)], 2 * DAY_MS))[0]?.result).toBe('{"n":"new"}');
  });

  test('forgets what is too old and, of more than allowed, the oldest', async () => {
    await using setting = await setUp();
    const { client } = setting;
    const numbers = [1, 2, 3, 4, 5, 6];
    await storeRequests(
      client,
      'embedding',
      numbers.map((number) => request(number)),
      DAY_MS,
    );
    for (const number of numbers) await age(client, number, 10 - number);
    expect(await forgetRequests(client, { keptMs: 365 * DAY_MS, rowsMax: 100 })).toBe(0);
    expect(await forgetRequests(client, { keptMs: 8.5 * DAY_MS, rowsMax: 100 })).toBe(1);
    expect(await forgetRequests(client, { keptMs: 365 * DAY_MS, rowsMax: 2 })).toBe(3);
    expect(await kept(client)).toEqual([5, 6]);
    const stopping = new AbortController();
    const keeping = keepWithinBounds(client, createLogger('test', 'silent'), stopping.signal, {
      keptMs: DAY_MS,
      rowsMax: 1,
    });
    await until(async () => (await kept(client)).length === 0, {
      deadlineMs: DEADLINE_MS,
      what: 'the cache to be empty',
    });
    stopping.abort();
    await keeping;
  });

  test('two writers of the same answers in another order wait for each other instead of deadlocking', async () => {
    await using setting = await setUp();
    const { url, client } = setting;
    const pool = createPool({ url, applicationName: 'writers', connectionsMax: 2 });
    try {
      await client.query('begin');
      await storeRequests(client, 'embedding', [request(1)], DAY_MS);
      const other = storeRequests(pool, 'embedding', [request(2), request(1)], DAY_MS);
      const isWaiting = async (): Promise<boolean> => {
        const { rowCount } = await pool.query(
          "select from pg_stat_activity where datname = current_database() and application_name = 'writers' and wait_event_type = 'Lock'",
        );
        return rowCount === 1;
      };
      await until(isWaiting, { deadlineMs: DEADLINE_MS, what: 'the other writer to wait' });
      await storeRequests(client, 'embedding', [request(2)], DAY_MS);
      await client.query('commit');
      await other;
      expect(await kept(client)).toEqual([1, 2]);
    } finally {
      await pool.end();
    }
  });
});

const item = { input: 'the text' };
const model = {
  id: { kind: 'titan-embedding', name: 'titan', version: '2' },
  parameters: {},
  requestText: () => 'the text',
};
const answered: AskedAnswer<number> = {
  outcome: { kind: 'ok', result: 7, costNanoUsd: 20 },
  attempts: 1,
  modelMs: 1,
  batchRows: 1,
};

test('while its database is away nothing is asked and nothing is given out; then everything goes on', async () => {
  await using server = await ownServer(18);
  const pool = createPool({ url: server.url, applicationName: 'cache', connectionsMax: 2 });
  try {
    for (const sql of pendingMigrations([]).flatMap(migrationStatements)) await pool.query(sql);
    await server.stop();
    const heard: string[] = [];
    const alive = new AbortController().signal;
    const shared = sharedRequests({
      database: pool,
      enrichment: 'embedding',
      observer: { paused: () => heard.push('paused'), resumed: () => heard.push('resumed') },
      signals: { stopping: alive, aborting: alive },
    });
    const payOnce = new PayOnce<number>(model, shared, { found: () => {}, missed: () => {} });
    const answering = payOnce.answer(item, async () => {
      heard.push('asked');
      await started;
      await server.stop();
      return answered;
    });
    const paused = (times: number) => () => heard.filter((word) => word === 'paused').length === times;
    await until(paused(1), { deadlineMs: DEADLINE_MS, what: 'the cache to be missed' });
    // It answers before whoever started it knows.
    const started = server.start();
    await started;
    await until(paused(2), { deadlineMs: DEADLINE_MS, what: 'the answer to wait for its place' });
    await server.start();
    expect(await answering).toMatchObject({ cached: false, outcome: { result: 7 } });
    expect(heard).toEqual(['paused', 'resumed', 'asked', 'paused', 'resumed']);
    const { rows } = await pool.query('select result from afterglow_internal.request_cache');
    expect(rows).toEqual([{ result: '7' }]);
  } finally {
    await pool.end();
  }
});

test('told to end while its database is away, nothing waits for ever', async () => {
  const pool = createPool({
    url: 'postgres://nobody@127.0.0.1:1/none',
    applicationName: 'cache',
    connectionsMax: 1,
  });
  const ending = new AbortController();
  const shared = sharedRequests({
    database: pool,
    enrichment: 'embedding',
    observer: { paused: () => ending.abort(), resumed: () => {} },
    signals: { stopping: ending.signal, aborting: ending.signal },
  });
  await expect(shared.read(hashOf(1))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(shared.store(request(1))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await pool.end();
});

test('answers in Valkey are signed with the bytes of the seal, which are those of the database alone', async () => {
  await using one = await setUp();
  await using other = await setUp();
  const pool = createPool({ url: one.url, applicationName: 'cache', connectionsMax: 1 });
  const seal = await readCacheSeal(pool).finally(() => pool.end());
  expect(Buffer.isBuffer(seal)).toBe(true);
  expect(seal).toHaveLength(32);
  expect(await readCacheSeal(one.client)).toEqual(seal);
  expect(await readCacheSeal(other.client)).not.toEqual(seal);
  await one.client.query('delete from afterglow_internal.cache_seal');
  expect(await readCacheSeal(one.client)).toBeUndefined();
});
