import type { Queryable } from '../../../shared/postgres/connect.ts';
import { GAPS, REDO_JOBS, REDO_KEYS } from '../../../shared/side-tables/names.ts';

/** As long as the notices and the dead letters that may tell of it. */
const KEPT_DAYS = 30;
/** Of one statement, so that none lasts. */
const KEYS_MAX = 10_000;
const JOBS_MAX = 1_000;

/** A gap counts what its jobs did when it is closed. */
const OLD = `
  select old.job from ${REDO_JOBS} old
   where old.finished_at < now() - interval '${KEPT_DAYS} days'
     and not exists (select from ${GAPS} gap where gap.state <> 'closed' and old.job = any(gap.jobs))`;
const FORGET_KEYS = `
  delete from ${REDO_KEYS} where ctid = any(array(
    select each.ctid from ${REDO_KEYS} each where each.job in (${OLD} and old.by_keys) limit ${KEYS_MAX}))`;
const FORGET_JOBS = `
  delete from ${REDO_JOBS} where job = any(array(
    ${OLD} and not exists (select from ${REDO_KEYS} each where each.job = old.job) limit ${JOBS_MAX}))`;

/** Deletes a portion of the jobs that ended long ago, with their lists of keys. Returns whether more of them may be left. */
export async function forgetOldJobs(client: Queryable): Promise<boolean> {
  const keys = await client.query(FORGET_KEYS);
  if (keys.rowCount === KEYS_MAX) return true;
  const jobs = await client.query(FORGET_JOBS);
  return jobs.rowCount === JOBS_MAX;
}
