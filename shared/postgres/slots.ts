import { type Queryable, quoteLiteral } from './connect.ts';

export interface SlotState {
  readonly plugin: string;
  readonly database: string | null;
  readonly active: boolean;
  readonly activePid: number | null;
  readonly walStatus: string | null;
  /** Since 17: why the server gave it up. */
  readonly invalidationReason: string | null;
  /** Where decoding begins, i.e. the oldest log kept. */
  readonly restart: string | null;
  readonly confirmed: string | null;
  /** What may still be written before the slot is lost; null: no limit, or lost. */
  readonly safeBytes: number | null;
}

const REASON_SINCE = 170_000;
const FAILOVER_SINCE = 170_000;

export async function readSlot(
  client: Queryable,
  slot: string,
  versionNumber: number,
): Promise<SlotState | undefined> {
  const reason = versionNumber >= REASON_SINCE ? 'invalidation_reason' : 'null::text';
  const { rows } = await client.query<{
    plugin: string | null;
    database: string | null;
    active: boolean;
    active_pid: number | null;
    wal_status: string | null;
    reason: string | null;
    restart: string | null;
    confirmed: string | null;
    safe: string | null;
  }>(
    `select plugin::text, database::text, active, active_pid, wal_status, ${reason} as reason, restart_lsn::text as restart,
            confirmed_flush_lsn::text as confirmed, safe_wal_size::text as safe
       from pg_replication_slots where slot_name = $1`,
    [slot],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    plugin: row.plugin ?? 'no plugin',
    database: row.database,
    active: row.active,
    activePid: row.active_pid,
    walStatus: row.wal_status,
    invalidationReason: row.reason,
    restart: row.restart,
    confirmed: row.confirmed,
    safeBytes: row.safe === null ? null : Number(row.safe),
  };
}

export const slotIsLost = ({ walStatus, invalidationReason }: SlotState): boolean =>
  walStatus === 'lost' || invalidationReason !== null;

/** A transaction that others wait for. Of it only who and how long: never its statement. */
export interface OpenTransaction {
  readonly pid: number;
  readonly transactionId: string;
  /** Undefined where this role may not see it: another one's, without pg_read_all_stats. */
  readonly ageSeconds: number | undefined;
  readonly application: string;
}

const OLDEST_WRITER = `
  select pid, backend_xid::text as xid, extract(epoch from clock_timestamp() - xact_start)::float8::text as age,
         application_name as application
    from pg_stat_activity
   where backend_xid is not null and pid <> pg_backend_pid()
   order by age(backend_xid) desc limit 1`;

/** The oldest transaction that has written something: a new slot waits for it, and an old one keeps the log for it. */
export async function oldestWriter(client: Queryable): Promise<OpenTransaction | undefined> {
  const { rows } = await client.query<{
    pid: number;
    xid: string;
    age: string | null;
    application: string | null;
  }>(OLDEST_WRITER);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    pid: row.pid,
    transactionId: row.xid,
    ageSeconds: row.age === null ? undefined : Number(row.age),
    application: row.application ?? '',
  };
}

/**
 * Makes the slot and returns from where it has everything. PostgreSQL waits for every transaction that is writing now, so
 * the connection must not have a statement_timeout. From 17 on a synchronised standby has the slot too.
 */
export async function createLogicalSlot(
  client: Queryable,
  slot: string,
  versionNumber: number,
): Promise<string> {
  const failover = versionNumber >= FAILOVER_SINCE ? ', failover => true' : '';
  const { rows } = await client.query<{ lsn: string }>(
    `select lsn::text from pg_create_logical_replication_slot(${quoteLiteral(slot)}, 'pgoutput'${failover})`,
  );
  const lsn = rows[0]?.lsn;
  if (lsn === undefined) throw new Error('the server made a slot and did not say where it stands');
  return lsn;
}

export async function dropSlot(client: Queryable, slot: string): Promise<void> {
  await client.query(
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
    [slot],
  );
}
