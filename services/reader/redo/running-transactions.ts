import type { Queryable } from '../../../shared/postgres/connect.ts';
import { parseSnapshot, type Snapshot } from '../../../shared/postgres/snapshot.ts';
import type { StreamedTransactions } from './visibility.ts';

export async function currentSnapshot(client: Queryable): Promise<Snapshot> {
  const { rows } = await client.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
  return parseSnapshot(rows[0]?.snapshot ?? '');
}

const EPOCH = 1n << 32n;

/**
 * What cannot be seen now and has begun: one of them may be committed in the log already, read and acknowledged by the
 * reader before us. Without its epoch, as the log has it.
 */
export async function runningTransactions(client: Queryable): Promise<readonly number[]> {
  await client.query('begin');
  try {
    const own = await client.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
    const next = BigInt(own.rows[0]?.xid ?? '0');
    const { xmax, running } = await currentSnapshot(client);
    const xids = [...running].filter((xid) => xid !== next);
    for (let xid = xmax; xid < next; xid++) xids.push(xid);
    return xids.map((xid) => Number(xid % EPOCH));
  } finally {
    await client.query('rollback');
  }
}

/**
 * A transaction that waits for its next statement has not written its commit, and none of another database ever comes through
 * our slot, however long it is at work.
 */
const INNOCENT = `
  select backend_xid::text as xid from pg_stat_activity
   where backend_xid is not null
     and (state in ('idle in transaction', 'idle in transaction (aborted)') or datname is distinct from current_database())
  union all
  select transaction::text from pg_prepared_xacts where database <> current_database()`;

/** Long transactions of others must not hold up a redo until they end. */
export async function clearSuspects(client: Queryable, streamed: StreamedTransactions): Promise<void> {
  if (streamed.suspects.length === 0) return;
  const { rows } = await client.query<{ xid: string }>(INNOCENT);
  for (const { xid } of rows) streamed.clear(Number(xid));
}
