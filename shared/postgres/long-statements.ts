// Statements whose time is a matter of a table's size: under the time of all others they would fail at each attempt anew.
import type { Queryable } from './connect.ts';

const LONG_MAX_MS = 3_600_000;

/** Goes with each of them: the driver has a time of its own. */
export const PATIENT = { query_timeout: LONG_MAX_MS };

/** The transaction's, which servers before 17 do not have, can only be switched off once it counts. */
const LIFT_TIMEOUTS = `select set_config(name, case name when 'statement_timeout' then '${LONG_MAX_MS}' else '0' end, true)
  from pg_settings where name in ('statement_timeout', 'transaction_timeout')`;

/** Lifts the time for the statements of `work`, in the transaction that is open. */
export async function withoutTimeouts<Result>(
  client: Queryable,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query(LIFT_TIMEOUTS);
  const result = await work();
  await client.query('set local statement_timeout to default');
  return result;
}
