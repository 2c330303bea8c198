// Redo jobs that ended long ago are forgotten, and no statement that does it lasts.
import { expect, test } from 'vitest';
import { forgetOldJobs } from '../../services/reader/redo/old-jobs.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { createRedoSetting } from '../support/redo.ts';
import { until } from '../support/wait.ts';

const KEYS = 25_000;

async function jobsLeft(client: DatabaseClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ reason: string }>(
    'select reason from afterglow_internal.redo_jobs order by job',
  );
  return rows.map(({ reason }) => reason);
}

async function keysLeft(client: DatabaseClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'select count(*)::int4 as count from afterglow_internal.redo_keys',
  );
  return rows[0]?.count ?? 0;
}

test('jobs of more than 30 days ago go, portion by portion; what an open gap counts, and what is not finished, stays', async () => {
  await using setting = await createRedoSetting();
  const { client } = setting;
  await client.query(`
    insert into afterglow_internal.redo_jobs (table_schema, table_name, reason, enrichments, state, by_keys, created_at, finished_at)
    select 'public', 'notes', reason, '{}', state, true, now() - interval '90 days', now() - age
      from (values ('listed', 'done', interval '31 days'), ('recent', 'done', interval '29 days'),
                   ('paused', 'paused', null), ('failed', 'failed', interval '31 days'),
                   ('of_open_gap', 'done', interval '31 days'), ('of_closed_gap', 'done', interval '31 days'))
           as job(reason, state, age);
    insert into afterglow_internal.redo_keys (job, place, key)
    select job, place, '{a}' from afterglow_internal.redo_jobs, generate_series(1, ${KEYS}) place where reason = 'listed';
    insert into afterglow_internal.redo_keys (job, place, key)
    select job, 1, '{a}' from afterglow_internal.redo_jobs where reason in ('recent', 'paused', 'of_open_gap');
    insert into afterglow_internal.gaps (reason, detail, halts, tables, from_epoch, from_lsn, state, jobs)
    select 'r', 'd', false, '[]', 1, '0/1', split_part(reason, '_', 2), array[job]
      from (select job, replace(reason, '_open_', '_repairing_') as reason from afterglow_internal.redo_jobs) each
     where reason like 'of_%'`);
  const kept = ['recent', 'paused', 'of_open_gap'];
  const portions: number[] = [];
  for (let isMoreLeft = true; isMoreLeft; ) {
    const before = await keysLeft(client);
    isMoreLeft = await forgetOldJobs(client);
    portions.push(before - (await keysLeft(client)));
  }
  expect(portions).toEqual([10_000, 10_000, 5_000]);
  expect(await jobsLeft(client)).toEqual(kept);
  expect(await keysLeft(client)).toBe(kept.length);

  await client.query("update afterglow_internal.gaps set state = 'closed'");
  await setting.read();
  await until(async () => (await jobsLeft(client)).length === 2, {
    deadlineMs: 120_000,
    what: 'the reader to forget the job of the gap that is closed now',
  });
  expect(await jobsLeft(client)).toEqual(kept.slice(0, 2));
});
