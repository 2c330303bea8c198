// Makes the first commit that a new slot streams begin exactly at the slot's consistent point.
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { until } from './wait.ts';

const DEADLINE_MS = 120_000;

export interface PointAndCommit {
  /** Where the slot begins, as the server says it. */
  readonly consistentPoint: string;
}

/**
 * A slot becomes consistent in steps, at each of which it waits for the transactions that were open at the one before, and then
 * writes down which are open: with `first` open it waits for that one; `second`, begun meanwhile, is what it waits for next;
 * and what is written after that is the consistent point. A third, begun after `first` ended, may be open there, and its
 * commit is the next record if nothing else comes between. So it waits inside the server, in a loop and in one message with
 * its commit, while what the reader writes next is held up by a lock. `start` begins the making of the slot; `change` is what the third does.
 */
export async function commitAtConsistentPoint(
  url: string,
  slot: string,
  start: () => void,
  change: string,
): Promise<PointAndCommit> {
  const connect = async (name: string): Promise<DatabaseClient> =>
    await connectDatabase({ url, applicationName: name, statementTimeoutMs: 0 });
  await using cleanup = new AsyncDisposableStack();
  const [watcher, holder, first, second, third] = [
    await connect('test'),
    await connect('holder'),
    await connect('first'),
    await connect('second'),
    await connect('third'),
  ] as const;
  for (const client of [watcher, holder, first, second, third]) cleanup.defer(() => client.end());
  await begin(first);
  start();
  await makerWaitsFor(watcher, 'first');
  await begin(second);
  await first.query('commit');
  await makerWaitsFor(watcher, 'second');
  await begin(third);
  await third.query(change);
  const committed = third.query(`
    do $$
    declare point pg_lsn;
    begin
      while point is null and clock_timestamp() < now() + interval '${DEADLINE_MS / 1_000} s' loop
        select confirmed_flush_lsn into point from pg_replication_slots where slot_name = '${slot}';
      end loop;
      perform set_config('test.consistent_point', point::text, false);
    end $$;
    commit`);
  committed.catch(() => {});
  const isAtWork = "select from pg_stat_activity where application_name = 'third' and state = 'active'";
  await until(async () => (await watcher.query(isAtWork)).rowCount === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the third transaction to look for the slot',
  });
  await holder.query('begin; lock table afterglow_internal.positions in share mode');
  await second.query('commit');
  await committed;
  await holder.query('commit');
  const { rows } = await third.query<{ point: string }>(
    `select lpad(split_part(point, '/', 1), 8, '0') || '/' || lpad(split_part(point, '/', 2), 8, '0') as point
       from current_setting('test.consistent_point') as point`,
  );
  return { consistentPoint: rows[0]?.point ?? '' };
}

/** With a number of its own. */
async function begin(client: DatabaseClient): Promise<void> {
  await client.query('begin');
  await client.query('select pg_current_xact_id()');
}

async function makerWaitsFor(watcher: DatabaseClient, name: string): Promise<void> {
  const waits = `
    select from pg_stat_activity maker join pg_stat_activity other on other.pid = any(pg_blocking_pids(maker.pid))
     where maker.query like '%pg_create_logical_replication_slot%' and other.application_name = $1`;
  await until(async () => (await watcher.query(waits, [name])).rowCount === 1, {
    deadlineMs: DEADLINE_MS,
    what: `the making of the slot to wait for the ${name} transaction`,
  });
}
