import type pg from 'pg';
import { onTestFinished, TestRunner } from 'vitest';
import { until } from './wait.ts';

/** Has `check` called when what may leave something behind is over; the check throws when it did. */
export type Supervision = (check: () => void) => void;

/** Outside of a test (beforeAll) there is nothing to end; what was opened there is checked where it is disposed. */
const byRunningTest: Supervision = (check) => {
  if (TestRunner.getCurrentTest() !== undefined) onTestFinished(check);
};

/** Fails the running test when it ends before the returned function was called. */
export function failIfLeftOpen(
  what: string,
  end: () => void = () => {},
  supervise: Supervision = byRunningTest,
): () => void {
  let open = true;
  supervise(() => {
    if (!open) return;
    end();
    throw new Error(`the test left behind: ${what}`);
  });
  return () => {
    open = false;
  };
}

/** Connections and active slots of the database; the server needs a moment to see that a socket was closed. */
export async function leftInDatabase(
  client: pg.Client,
  database: string,
  closingMaxMs: number,
): Promise<readonly string[]> {
  let left: readonly string[] = [];
  const gone = async (): Promise<boolean> => {
    left = await openIn(client, database);
    return left.length === 0;
  };
  await until(gone, { deadlineMs: closingMaxMs, what: 'the connections to close' }).catch(() => {});
  return left;
}

async function openIn(client: pg.Client, database: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ what: string }>(
    `select format('connection of %s (%s, %s)', coalesce(nullif(application_name, ''), 'an unnamed client'), backend_type, state) as what
       from pg_stat_activity
      where datname = $1 and backend_type in ('client backend', 'walsender')
     union all
     select format('active replication slot %s', slot_name)
       from pg_replication_slots where database = $1 and active`,
    [database],
  );
  return rows.map(({ what }) => what);
}
