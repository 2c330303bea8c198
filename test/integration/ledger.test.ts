import { expect, test } from 'vitest';
import { LimitNotices } from '../../services/enricher/spend/limit-notices.ts';
import type { PurseObserver } from '../../services/enricher/spend/purse-account.ts';
import { Spending } from '../../services/enricher/spend/spending.ts';
import type { Budget } from '../../shared/config/definition.ts';
import {
  connectDatabase,
  createPool,
  type DatabaseClient,
  type DatabasePool,
} from '../../shared/postgres/connect.ts';
import {
  type LeaseAnswer,
  type LeaseRequest,
  renewLeases,
  settleLease,
  takeLease,
} from '../../shared/side-tables/ledger.ts';
import { readLedger } from '../../shared/side-tables/ledger-entries.ts';
import { allMigrations } from '../../shared/side-tables/migrations.ts';
import type { Purse } from '../../shared/spend/lease.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createDatabase } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 60_000;

interface Setting extends AsyncDisposable {
  readonly client: DatabaseClient;
  readonly pool: DatabasePool;
}

async function createLedger(isolation = 'read committed'): Promise<Setting> {
  const database = await createDatabase();
  const settled = await connectDatabase({ url: database.url, applicationName: 'test' });
  const { rows } = await settled.query<{ name: string }>('select quote_ident(current_database()) as name');
  await settled.query(`alter database ${rows[0]?.name} set default_transaction_isolation = '${isolation}'`);
  await settled.end();
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  for (const { sql } of allMigrations()) await client.query(sql);
  const pool = createPool({ url: database.url, applicationName: 'test', connectionsMax: 8 });
  return {
    client,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await client.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

const request = (changes: Partial<LeaseRequest> = {}): LeaseRequest => ({
  purse: 'live',
  enrichment: 'mood',
  table: 'public.notes',
  leastNanoUsd: 10,
  wantedNanoUsd: 10,
  limits: { limitNanoUsd: 1_000, reservedNanoUsd: {} },
  keptMs: 60_000,
  ...changes,
});

function granted(answer: LeaseAnswer): string {
  if (answer.kind !== 'granted') throw new Error(`there was no lease: ${answer.kind}`);
  return answer.lease;
}

const use = (nanoUsd: number) => ({ nanoUsd, calls: 1, requests: 2, boundNanoUsd: 10 });

async function booked(client: DatabaseClient) {
  const { entries } = await readLedger(client, 0);
  return entries.map(
    ({ spentNanoUsd: spent, presumedNanoUsd: presumed, leasedNanoUsd: leased, requests }) => ({
      spent,
      presumed,
      leased,
      requests,
    }),
  );
}

const expire = (client: DatabaseClient, ago: string) =>
  client.query(`update afterglow_internal.leases set expires_at = clock_timestamp() - $1::interval`, [ago]);

test('a lease is charged when it is taken, and what was not needed is there again when it is settled', async () => {
  await using ledger = await createLedger();
  const { client, pool } = ledger;
  const lease = granted(await takeLease(pool, request()));
  expect(await booked(client)).toEqual([{ spent: 0, presumed: 0, leased: 10, requests: 0 }]);
  await settleLease(client, lease, use(6));
  expect(await booked(client)).toEqual([{ spent: 6, presumed: 0, leased: 0, requests: 2 }]);
  await settleLease(client, lease, use(6)); // said twice, after an answer that got lost
  expect(await booked(client)).toEqual([{ spent: 6, presumed: 0, leased: 0, requests: 2 }]);
});

test('a lease that nobody hears of counts as spent; whoever comes late puts it right, until it is folded', async () => {
  await using ledger = await createLedger();
  const { client, pool } = ledger;
  const first = granted(await takeLease(pool, request()));
  const second = granted(await takeLease(pool, request()));
  await expire(client, '1 second');
  expect(await booked(client)).toEqual([{ spent: 0, presumed: 20, leased: 0, requests: 0 }]);
  await settleLease(client, first, use(4));
  expect(await booked(client)).toEqual([{ spent: 4, presumed: 10, leased: 0, requests: 2 }]);
  await expire(client, '2 hours');
  granted(await takeLease(pool, request()));
  expect(await booked(client)).toEqual([{ spent: 4, presumed: 10, leased: 10, requests: 2 }]);
  await settleLease(client, second, use(3));
  expect(await booked(client)).toEqual([{ spent: 4, presumed: 10, leased: 10, requests: 2 }]);
});

test('a lease that is renewed stays out', async () => {
  await using ledger = await createLedger();
  const { client, pool } = ledger;
  const lease = granted(await takeLease(pool, request({ keptMs: 1 })));
  await renewLeases(client, [lease], 60_000);
  expect(await booked(client)).toEqual([{ spent: 0, presumed: 0, leased: 10, requests: 0 }]);
});

// Under a snapshot older than its wait for the others, each would see the same rest of the money.
test.each(['read committed', 'repeatable read'])(
  'whoever asks at the same time: leases sum up to the limit and no further (by default %s)',
  async (isolation) => {
    await using ledger = await createLedger(isolation);
    const { client, pool } = ledger;
    const answers = await Promise.all(Array.from({ length: 120 }, () => takeLease(pool, request())));
    const kinds = answers.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'granted')).toHaveLength(100);
    expect(kinds.filter((kind) => kind === 'wait')).toHaveLength(20);
    expect(await booked(client)).toEqual([{ spent: 0, presumed: 0, leased: 1_000, requests: 0 }]);
    await expire(client, '1 second');
    expect((await takeLease(pool, request())).kind).toBe('spent');
  },
);

test('a day and a purse have their own money', async () => {
  await using ledger = await createLedger();
  const { client, pool } = ledger;
  const all = request({ leastNanoUsd: 1_000, wantedNanoUsd: 1_000 });
  granted(await takeLease(pool, all));
  expect((await takeLease(pool, request())).kind).toBe('wait');
  granted(await takeLease(pool, { ...all, purse: 'redo' }));
  await client.query('update afterglow_internal.leases set day = day - 1');
  granted(await takeLease(pool, all));
});

const ignored: PurseObserver = {
  paused() {},
  resumed() {},
  used() {},
  spent() {},
  waits() {},
  goesOn() {},
};

test('whoever waits in front of a purse that another budget does not have is paid from the limit that holds', async () => {
  await using ledger = await createLedger();
  const { client, pool } = ledger;
  // Of tomorrow, too: this may run at midnight.
  await client.query(`insert into afterglow_internal.ledger (day, purse, enrichment, table_name, spent_nano_usd)
    select (now() at time zone 'UTC')::date + n, 'live', 'mood', 'public.notes', 700 from generate_series(0, 1) n`);
  const live = { daily_usd: 1e-6, reserved_usd: {}, alert_at: 0.8, on_reached: 'pause' } satisfies Budget;
  let budget: Budget = { ...live, shadow_daily_usd: 0 };
  const waiting = new Set<Purse>();
  const stopping = new AbortController();
  await using spending = new Spending({
    database: pool,
    budget: () => budget,
    enrichment: 'mood_shadow',
    table: 'public.notes',
    observer: (purse) => ({
      ...ignored,
      waits: () => waiting.add(purse),
      goesOn: () => waiting.delete(purse),
    }),
    mustNotWait: () => false,
    stopping: stopping.signal,
  });
  const funding = spending.funding({ boundNanoUsd: (items) => items.length * 600 });
  const ask = { item: { input: 'works well' }, isWanted: () => true, answered() {}, failed() {} };
  const fund = async (): Promise<Awaited<ReturnType<typeof funding>>> => {
    for (;;) {
      const funds = await funding([{ ask, attempts: 0, refusedAtCall: undefined }]);
      if (funds.shortage === undefined) return funds;
      await funds.shortage.later();
    }
  };
  const funded = fund();
  const waits = async (purse: Purse): Promise<void> => {
    await until(() => waiting.has(purse) && waiting.size === 1, { deadlineMs: DEADLINE_MS, what: purse });
  };
  try {
    await waits('shadow');
    budget = live;
    await waits('live');
    expect((await readLedger(client, 0)).entries.filter(({ purse }) => purse === 'shadow')).toEqual([]);
    budget = { ...live, daily_usd: 2e-6 };
    const { sent, settle } = await funded;
    expect(sent).toHaveLength(1);
    await settle(Promise.resolve());
  } finally {
    stopping.abort();
  }
});

test('a limit is told of once a day, and another one that is registered meanwhile once more', async () => {
  await using ledger = await createLedger();
  const told: number[] = [];
  const producer = {
    send: async (records: readonly { readonly value: string | Buffer | null }[]) => {
      for (const { value } of records) told.push(JSON.parse(String(value)).limit_nano_usd);
    },
  };
  const settings = { database: ledger.client, producer, pipeline: 'shop', enrichment: 'mood' };
  const logger = createLogger('test', 'silent');
  const reached = { purse: 'live', level: 'reached', day: '2026-11-21', usedNanoUsd: 50 } as const;
  // The second is another process, or the same one after a new start.
  for (const limits of [
    [25, 25, 50],
    [50, 75],
  ]) {
    await using notices = new LimitNotices({ ...settings, logger });
    for (const limitNanoUsd of limits) {
      notices.tell({ ...reached, limitNanoUsd, resetsAt: '2026-11-22T00:00:00.000000Z' });
    }
  }
  expect(told.toSorted((one, other) => one - other)).toEqual([25, 50, 75]);
});
