// The ledger as it stands, with what is reserved at this moment.
import type { Queryable } from '../postgres/connect.ts';
import type { Purse } from '../spend/lease.ts';
import { LEASES, LEDGER } from './names.ts';

export interface LedgerEntry {
  /** '2026-11-21', UTC. */
  readonly day: string;
  readonly purse: Purse;
  readonly enrichment: string;
  readonly table: string;
  readonly spentNanoUsd: number;
  /** Reserved by processes that never said what became of it: counted as spent. */
  readonly presumedNanoUsd: number;
  /** Reserved now. */
  readonly leasedNanoUsd: number;
  /** The most that the calls behind spentNanoUsd could have cost. */
  readonly reservedNanoUsd: number;
  readonly calls: number;
  readonly requests: number;
  readonly cachedRequests: number;
  readonly cachedNanoUsd: number;
  readonly unchangedRows: number;
  readonly unchangedNanoUsd: number;
  readonly filteredRows: number;
}

export interface LedgerNow {
  /** By the database's clock. */
  readonly atMs: number;
  readonly entries: readonly LedgerEntry[];
}

type EntryRow = Readonly<Record<keyof LedgerEntry, string>> & { readonly purse: Purse };

const ENTRIES = `
  with since as (select ((clock_timestamp() at time zone 'UTC')::date - $1::int4) as first_day),
  held as (
    select day, purse, enrichment, table_name,
           coalesce(sum(granted_nano_usd) filter (where expires_at <= clock_timestamp()), 0) as presumed,
           coalesce(sum(granted_nano_usd) filter (where expires_at > clock_timestamp()), 0) as leased
      from ${LEASES} group by 1, 2, 3, 4
  )
  select day::text as day, purse, enrichment, table_name as table,
         coalesce(spent_nano_usd, 0)::text as "spentNanoUsd",
         (coalesce(presumed_nano_usd, 0) + coalesce(presumed, 0))::text as "presumedNanoUsd",
         coalesce(leased, 0)::text as "leasedNanoUsd", coalesce(reserved_nano_usd, 0)::text as "reservedNanoUsd",
         coalesce(calls, 0)::text as calls, coalesce(requests, 0)::text as requests,
         coalesce(cached_requests, 0)::text as "cachedRequests", coalesce(cached_nano_usd, 0)::text as "cachedNanoUsd",
         coalesce(unchanged_rows, 0)::text as "unchangedRows", coalesce(unchanged_nano_usd, 0)::text as "unchangedNanoUsd",
         coalesce(filtered_rows, 0)::text as "filteredRows"
    from ${LEDGER} full join held using (day, purse, enrichment, table_name) join since on day >= first_day
   order by day, purse, enrichment, table_name`;

/** Those of today and of so many days before. */
export async function readLedger(client: Queryable, daysBefore: number): Promise<LedgerNow> {
  const { rows: clock } = await client.query<{ at: string }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::int8::text as at',
  );
  const { rows } = await client.query<EntryRow>(ENTRIES, [daysBefore]);
  return { atMs: Number(clock[0]?.at), entries: rows.map(toEntry) };
}

function toEntry({ day, purse, enrichment, table, ...figures }: EntryRow): LedgerEntry {
  const numbers = Object.fromEntries(
    Object.entries(figures).map(([name, text]) => [name, Number(text)]),
  ) as Omit<LedgerEntry, 'day' | 'purse' | 'enrichment' | 'table'>;
  return { day, purse, enrichment, table, ...numbers };
}
