// What was spent, what may be, and what was spared. Days are UTC, by the database's clock: the only one all processes share.
import { type DatabasePool, inTransaction, type Queryable } from '../postgres/connect.ts';
import { decideLease, type LeaseWish, type Purse, type PurseLimits, type PurseUse } from '../spend/lease.ts';
import { LEASES, LEDGER, SPEND_LOCK } from './names.ts';

/** Whose money it is. */
export interface Account {
  readonly purse: Purse;
  readonly enrichment: string;
  /** The source's, with its schema. */
  readonly table: string;
}

export interface LeaseRequest extends Account, LeaseWish {
  /** undefined: there is none, and the ledger is only kept. */
  readonly limits: PurseLimits | undefined;
  /** Counts as spent when nothing is heard of it for so long. */
  readonly keptMs: number;
}

export interface PurseDay {
  /** '2026-11-21' */
  readonly day: string;
  /** RFC 3339: when the next one begins. */
  readonly resetsAt: string;
  readonly uses: readonly PurseUse[];
}

export type LeaseAnswer = PurseDay &
  (
    | { readonly kind: 'granted'; readonly lease: string; readonly nanoUsd: number }
    | { readonly kind: 'wait' | 'spent' }
  );

/** Longer than any call may take, so that whoever comes late still finds its lease. */
const FOLDED_AFTER = "interval '1 hour'";
/** Whoever is stopped in the middle of this must not stop everybody. */
const LOCK = `set local idle_in_transaction_session_timeout = '5s'; set local lock_timeout = '10s';
  select pg_advisory_xact_lock(${SPEND_LOCK})`;

const FOLD = `
  with late as (
    delete from ${LEASES} where expires_at < clock_timestamp() - ${FOLDED_AFTER} returning *
  )
  insert into ${LEDGER} as kept (day, purse, enrichment, table_name, presumed_nano_usd)
  select day, purse, enrichment, table_name, sum(granted_nano_usd) from late group by 1, 2, 3, 4
  on conflict (day, purse, enrichment, table_name) do update
    set presumed_nano_usd = kept.presumed_nano_usd + excluded.presumed_nano_usd`;

const DAY = `
  with today as (select (clock_timestamp() at time zone 'UTC')::date as day),
  used as (
    select enrichment, spent_nano_usd + presumed_nano_usd as spent, 0 as leased
      from ${LEDGER} join today using (day) where purse = $1
    union all
    select enrichment, case when expires_at <= clock_timestamp() then granted_nano_usd else 0 end,
           case when expires_at > clock_timestamp() then granted_nano_usd else 0 end
      from ${LEASES} join today using (day) where purse = $1
  )
  select today.day::text as day, to_char(today.day + 1, 'YYYY-MM-DD"T00:00:00.000000Z"') as resets_at,
         used.enrichment, sum(used.spent)::text as spent, sum(used.leased)::text as leased
    from today left join used on true group by 1, 2, 3`;

interface DayRow {
  readonly day: string;
  readonly resets_at: string;
  readonly enrichment: string | null;
  readonly spent: string | null;
  readonly leased: string | null;
}

/** Today's use of a purse. */
export async function readPurseDay(client: Queryable, purse: Purse): Promise<PurseDay> {
  const { rows } = await client.query<DayRow>(DAY, [purse]);
  const [first] = rows;
  if (first === undefined) throw new Error('the database knows no day');
  const uses = rows.flatMap(({ enrichment, spent, leased }) =>
    enrichment === null ? [] : [{ enrichment, spentNanoUsd: Number(spent), leasedNanoUsd: Number(leased) }],
  );
  return { day: first.day, resetsAt: first.resets_at, uses };
}

const TAKE = `
  insert into ${LEASES} (day, purse, enrichment, table_name, granted_nano_usd, expires_at)
  values ($1::date, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6)) returning lease::text as lease`;

/** Charged when this resolves, and by the database even if it does not. One asks at a time. */
export async function takeLease(pool: DatabasePool, request: LeaseRequest): Promise<LeaseAnswer> {
  const { purse, enrichment, table, limits, keptMs } = request;
  return await inTransaction(pool, async (client) => {
    await client.query(LOCK);
    await client.query(FOLD);
    const today = await readPurseDay(client, purse);
    const decision = decideLease(limits, today.uses, request);
    if (decision.kind !== 'granted') return { ...today, kind: decision.kind };
    const values = [today.day, purse, enrichment, table, decision.nanoUsd, keptMs / 1_000];
    const { rows } = await client.query<{ lease: string }>(TAKE, values);
    return { ...today, kind: 'granted', nanoUsd: decision.nanoUsd, lease: rows[0]?.lease ?? '' };
  });
}

const SETTLE = {
  name: 'settle_lease',
  text: `with back as (delete from ${LEASES} where lease = $1 returning *)
  insert into ${LEDGER} as kept (day, purse, enrichment, table_name, spent_nano_usd, calls, requests, reserved_nano_usd)
  select day, purse, enrichment, table_name, $2, $3, $4, $5 from back
  on conflict (day, purse, enrichment, table_name) do update
    set spent_nano_usd = kept.spent_nano_usd + excluded.spent_nano_usd, calls = kept.calls + excluded.calls,
        requests = kept.requests + excluded.requests, reserved_nano_usd = kept.reserved_nano_usd + excluded.reserved_nano_usd`,
};

export interface LeaseUse {
  readonly nanoUsd: number;
  readonly calls: number;
  /** Rows or chunks in these calls. */
  readonly requests: number;
  /** The most that these calls could have cost. */
  readonly boundNanoUsd: number;
}

/** What was spent of it; the rest is there again for everybody. One that was given up as spent stays so. */
export async function settleLease(client: Queryable, lease: string, use: LeaseUse): Promise<void> {
  await client.query({ ...SETTLE, values: [lease, use.nanoUsd, use.calls, use.requests, use.boundNanoUsd] });
}

const RENEW = {
  name: 'renew_leases',
  text: `update ${LEASES} set expires_at = clock_timestamp() + make_interval(secs => $2) where lease = any($1::int8[])`,
};

export async function renewLeases(
  client: Queryable,
  leases: readonly string[],
  keptMs: number,
): Promise<void> {
  await client.query({ ...RENEW, values: [leases, keptMs / 1_000] });
}

/** What did not have to be paid for. */
export interface Savings {
  readonly cachedRequests: number;
  readonly cachedNanoUsd: number;
  readonly unchangedRows: number;
  readonly unchangedNanoUsd: number;
  readonly filteredRows: number;
}

const SAVED = {
  name: 'add_savings',
  text: `insert into ${LEDGER} as kept (day, purse, enrichment, table_name, cached_requests, cached_nano_usd, unchanged_rows, unchanged_nano_usd, filtered_rows)
  values ((clock_timestamp() at time zone 'UTC')::date, $1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (day, purse, enrichment, table_name) do update
    set cached_requests = kept.cached_requests + excluded.cached_requests,
        cached_nano_usd = kept.cached_nano_usd + excluded.cached_nano_usd,
        unchanged_rows = kept.unchanged_rows + excluded.unchanged_rows,
        unchanged_nano_usd = kept.unchanged_nano_usd + excluded.unchanged_nano_usd,
        filtered_rows = kept.filtered_rows + excluded.filtered_rows`,
};

export async function addSavings(client: Queryable, account: Account, savings: Savings): Promise<void> {
  const { purse, enrichment, table } = account;
  const { cachedRequests, cachedNanoUsd, unchangedRows, unchangedNanoUsd, filteredRows } = savings;
  await client.query({
    ...SAVED,
    values: [
      purse,
      enrichment,
      table,
      cachedRequests,
      cachedNanoUsd,
      unchangedRows,
      unchangedNanoUsd,
      filteredRows,
    ],
  });
}
