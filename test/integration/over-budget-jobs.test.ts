// The list of rows that got nothing, which is made while everybody else goes on.
import { expect, test } from 'vitest';
import { redoOverBudget } from '../../services/enricher/spend/redo-over-budget.ts';
import {
  createPool,
  type DatabaseClient,
  type DatabasePool,
  inTransaction,
  type Queryable,
} from '../../shared/postgres/connect.ts';
import { openJobsOf } from '../../shared/side-tables/cutovers.ts';
import { takeLease } from '../../shared/side-tables/ledger.ts';
import { createOverBudgetJob, hasOverBudget } from '../../shared/side-tables/over-budget.ts';
import { controlRedoJob, listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { countUnpaid, noteUnpaid } from '../../shared/side-tables/unpaid-redos.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { FRAUD, overBudget, type SideTableSetting, scored, setUp, write } from '../support/side-tables.ts';
import { until } from '../support/wait.ts';

const SOURCE = { schema: 'public', name: 't' };
const DEADLINE_MS = 120_000;

async function withOverBudget(rows: number): Promise<SideTableSetting> {
  const setting = await setUp(FRAUD);
  await write(
    setting,
    Array.from({ length: rows }, (_, place) => overBudget(place + 1, 1)),
  );
  return setting;
}

function poolOf({ url }: SideTableSetting): { readonly pool: DatabasePool } & AsyncDisposable {
  const pool = createPool({ url, applicationName: 'test', connectionsMax: 2 });
  return { pool, [Symbol.asyncDispose]: () => pool.end() };
}

async function makeJob({ client, tables }: SideTableSetting, rowsMax?: number): Promise<string | undefined> {
  await client.query('begin');
  const job = await createOverBudgetJob(client, tables, SOURCE, rowsMax);
  await client.query('commit');
  return job;
}

async function listed(client: DatabaseClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ keys: string }>(
    `select string_agg(key[1], ' ' order by place) as keys from afterglow_internal.redo_keys group by job order by job`,
  );
  return rows.map(({ keys }) => keys);
}

interface UnpaidSetting extends SideTableSetting {
  /** Each row twice in one statement, as two redos of one row are. */
  note(on: Queryable, ...ids: readonly number[]): Promise<void>;
  /** An hour ago, so that rows may be tried again. */
  ended(state: 'done' | 'failed' | 'cancelled'): Promise<void>;
}

async function withUnpaid(...ids: readonly number[]): Promise<UnpaidSetting> {
  const setting = await setUp(FRAUD);
  const { client, tables } = setting;
  const account = { purse: 'redo', enrichment: tables.enrichment, table: 'public.t' } as const;
  const note: UnpaidSetting['note'] = (on, ...noted) =>
    noteUnpaid(
      on,
      tables,
      account,
      [...noted, ...noted].map((id) => ({ key: { id }, isToBeRedone: true })),
    );
  await note(client, ...ids);
  return {
    ...setting,
    note,
    ended: async (state) => {
      await client.query(
        `update afterglow_internal.redo_jobs set state = $1, finished_at = now() - interval '61 minutes' where finished_at is null`,
        [state],
      );
    },
  };
}

test('a job lists so many rows that its list is soon written, and the next one those that are left', async () => {
  await using setting = await withOverBudget(5);
  const { client } = setting;
  const made = () => makeJob(setting, 3);
  const first = await made();
  expect(await listed(client)).toEqual(['1 2 3']);
  expect(await listRedoJobs(client, 1)).toMatchObject([{ job: first, estimatedRows: 3 }]);
  expect(await made()).toBeUndefined(); // one at a time
  await controlRedoJob(client, first ?? '', 'cancel');
  await write(
    setting,
    [1, 2, 3].map((id) => scored(id, 2, 0.5)),
  );
  expect(await made()).toBeDefined();
  expect((await listed(client)).at(-1)).toBe('4 5');
});

test('a row that was read again in vain waits an hour, or for the next day', async () => {
  await using setting = await withOverBudget(2);
  const { client } = setting;
  const made = () => makeJob(setting);
  const readAgain = async (job: string | undefined): Promise<void> => {
    await client.query(
      "update afterglow_internal.redo_jobs set state = 'done', finished_at = now() where job = $1",
      [job],
    );
  };
  const longAgo = (before: string, columns: readonly string[]) =>
    client.query(
      `update afterglow_internal.redo_jobs set ${columns.map((column) => `${column} = ${column} - interval '${before}'`).join(', ')}`,
    );
  await readAgain(await made());
  expect(await made()).toBeUndefined();
  await longAgo('2 hours', ['created_at']); // it took so long: its results are still on their way
  expect(await made()).toBeUndefined();
  await write(setting, [overBudget(3, 1)]);
  await readAgain(await made());
  expect(await listed(client)).toEqual(['1 2', '3']);
  await longAgo('1 day', ['created_at', 'finished_at']);
  await made();
  expect((await listed(client)).at(-1)).toBe('1 2 3');
});

test('while rows are listed, everybody may take money', async () => {
  await using setting = await withOverBudget(1);
  const { client, tables } = setting;
  await using other = poolOf(setting);
  await client.query('begin');
  expect(await createOverBudgetJob(client, tables, SOURCE)).toBeDefined();
  const account = { purse: 'live', enrichment: 'mood', table: 'public.notes', limits: undefined } as const;
  const lease = await takeLease(other.pool, {
    ...account,
    leastNanoUsd: 1,
    wantedNanoUsd: 1,
    keptMs: 60_000,
  });
  expect(lease.kind).toBe('granted');
  await client.query('commit');
});

test('of two who look at the same time one makes the job', async () => {
  await using setting = await withOverBudget(3);
  const { client, tables } = setting;
  await using other = poolOf(setting);
  const make = () => inTransaction(other.pool, (each) => createOverBudgetJob(each, tables, SOURCE));
  const made = await Promise.all([make(), make()]);
  expect(made.filter((job) => job !== undefined)).toHaveLength(1);
  expect(await listed(client)).toEqual(['1 2 3']);
});

test('without a budget any more, what was over it is read again', async () => {
  await using setting = await withOverBudget(2);
  const { client, tables } = setting;
  await using other = poolOf(setting);
  const over = new AbortController();
  const logger = createLogger('test', 'silent');
  const looking = redoOverBudget(
    { database: other.pool, budget: () => undefined, tables, source: SOURCE, logger },
    over.signal,
  );
  await until(async () => (await listed(client))[0] === '1 2', {
    deadlineMs: DEADLINE_MS,
    what: 'the job for both rows',
  });
  over.abort();
  await looking;
});

test('rows that kept their result for want of money are listed once, and counted each time', async () => {
  await using setting = await withOverBudget(2);
  const { client, tables } = setting;
  await write(setting, [scored(3, 1, 0.5)]);
  const account = { purse: 'redo', enrichment: tables.enrichment, table: 'public.t' } as const;
  const note = (id: number, isToBeRedone: boolean) =>
    noteUnpaid(client, tables, account, [{ key: { id }, isToBeRedone }]);
  await note(3, true);
  await note(3, true);
  await note(2, true);
  await note(1, false);
  expect(await countUnpaid(client)).toEqual(new Map([[tables.enrichment, 4]]));
  expect(await makeJob(setting)).toBeDefined();
  expect(await listed(client)).toEqual(['1 2 3']);
  await controlRedoJob(client, '1', 'cancel');
  await write(
    setting,
    [1, 2].map((id) => scored(id, 2, 0.5)),
  );
  expect(await makeJob(setting)).toBeUndefined();
});

test.each(['failed', 'cancelled'] as const)(
  'rows that kept their result are listed again when the job that listed them has %s',
  async (state) => {
    await using setting = await withUnpaid(1, 2);
    const { client, ended } = setting;
    expect(await makeJob(setting)).toBeDefined();
    await ended(state);
    expect(await makeJob(setting)).toBeDefined();
    expect(await listed(client)).toEqual(['1 2', '1 2']);
  },
);

test('once read again, rows that kept their result are noted no more, but for those noted again since', async () => {
  await using setting = await withUnpaid(1, 2, 3);
  const { client, tables, note, ended } = setting;
  expect(await makeJob(setting)).toBeDefined();
  await note(client, 2);
  await ended('done');
  expect(await makeJob(setting)).toBeDefined();
  expect(await listed(client)).toEqual(['1 2 3', '2']);
  await ended('done');
  expect(await makeJob(setting)).toBeUndefined();
  expect(await hasOverBudget(client, tables.enrichment)).toBe(false);
});

test('while a model and its shadow change places nobody notes an unpaid row, and who would list some is not in the way', async () => {
  await using setting = await withUnpaid(1);
  const { client, tables, note } = setting;
  await using other = poolOf(setting);
  await client.query('begin');
  await openJobsOf(client, tables.enrichment);
  const others = Promise.all([
    note(other.pool, 1),
    inTransaction(other.pool, (each) => createOverBudgetJob(each, tables, SOURCE)),
  ]);
  try {
    const waiting = `select from pg_locks where relation = 'afterglow_internal.unpaid_redos'::regclass and not granted`;
    await until(async () => (await client.query(waiting)).rowCount === 2, {
      deadlineMs: DEADLINE_MS,
      what: 'both to wait',
    });
    await client.query('lock table afterglow_internal.state_fraud in access exclusive mode nowait');
  } finally {
    await client.query('rollback');
    await others;
  }
  expect(await listed(client)).toEqual(['1']);
});
