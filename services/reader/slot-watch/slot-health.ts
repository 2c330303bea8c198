import type { Queryable } from '../../../shared/postgres/connect.ts';
import { type OpenTransaction, oldestWriter } from '../../../shared/postgres/slots.ts';
import { type WalFacts, type WalSafety, walSafety } from './wal-safety.ts';

export interface SlotHealth extends WalFacts {
  readonly safety: WalSafety;
  /** Between the end of the log and what the reader has confirmed. */
  readonly confirmedLagBytes: number;
  /** The transaction that keeps the log although the reader has confirmed it; undefined when none does. */
  readonly pinning: OpenTransaction | undefined;
}

const SLOT = `
  select wal_status, safe_wal_size::text as safe,
         pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text as restart_lag,
         pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::text as confirmed_lag,
         (select setting::int8 from pg_settings where name = 'max_slot_wal_keep_size')::text as keep_megabytes
    from pg_replication_slots where slot_name = $1`;
const MEGABYTE = 1_048_576;
/** The log is kept from where the oldest transaction began, which a running server moves on only now and then. */
const ORDINARY_LAG_BYTES = 32 * MEGABYTE;

/** Undefined when there is no slot. */
export async function readSlotHealth(client: Queryable, slot: string): Promise<SlotHealth | undefined> {
  const { rows } = await client.query<{
    wal_status: string | null;
    safe: string | null;
    restart_lag: string | null;
    confirmed_lag: string | null;
    keep_megabytes: string;
  }>(SLOT, [slot]);
  const [row] = rows;
  if (row === undefined) return undefined;
  const keepMegabytes = Number(row.keep_megabytes);
  const facts: WalFacts = {
    walStatus: row.wal_status,
    safeBytes: row.safe === null ? null : Number(row.safe),
    budgetBytes: keepMegabytes < 0 ? null : keepMegabytes * MEGABYTE,
    restartLagBytes: Number(row.restart_lag ?? 0),
  };
  const confirmedLagBytes = Number(row.confirmed_lag ?? 0);
  const isPinned = facts.restartLagBytes - confirmedLagBytes > ORDINARY_LAG_BYTES;
  return {
    ...facts,
    safety: walSafety(facts),
    confirmedLagBytes,
    pinning: isPinned ? await oldestWriter(client) : undefined,
  };
}
