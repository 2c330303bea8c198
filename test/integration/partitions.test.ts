// What TRUNCATE of a partition, DETACH and ATTACH do sends nothing through the log: the reader finds it, and the results follow.
import { describe, expect, test, vi } from 'vitest';
import { readFollowUps } from '../../services/cli/doctor/follow-ups.ts';
import { DatabaseReadings } from '../../services/cli/view/database-readings.ts';
import { notePartitionChanges, rememberPartitions } from '../../services/reader/partitions/note-changes.ts';
import { findOrphan } from '../../services/reader/redo/sweep-job.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { createPartitioned } from '../support/partitions.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
vi.setConfig({ testTimeout: 600_000 });

const none = { count: 0, names: [] };
const only = (name: string) => ({ count: 1, names: [`public.${name}`] });

describe.each([16, 18] as const)('partitions on PostgreSQL %i', (version) => {
  test('TRUNCATE of one deletes exactly its results, also below a partition that is partitioned itself', async () => {
    await using setting = await createPartitioned(version);
    const { client } = setting.pipeline;
    await setting.pipeline.start('reader', 'enricher', 'writer').ready();
    await setting.pay('eu/1', 'eu/2', 'us/1', 'us/1001', 'asia/1');
    await setting.scored('eu/1', 'eu/2', 'us/1', 'us/1001', 'asia/1');
    const before = await setting.outcomes();
    await client.query('truncate payments_us_low');
    await setting.scored('eu/1', 'eu/2', 'us/1001', 'asia/1');
    const notice = await setting.swept(1);
    expect(notice).toMatchObject({ attached: none, removed: none, rewritten: only('payments_us_low') });
    expect(notice.jobs).toHaveLength(1);
    await client.query('truncate payments_eu, payments_rest');
    await setting.scored('us/1001');
    await setting.swept(2);
    const jobs = await setting.endedJobs();
    const after = await setting.outcomes();
    // Nobody else's row was even read again.
    expect([...after]).toEqual([...before].filter(([key]) => key === 'us/1001'));
    expect(jobs.map(({ reason, rowsDone, rowsGone }) => [reason, rowsDone, rowsGone])).toEqual([
      ['repair', 3, 3],
      ['repair', 1, 1],
    ]);
  });

  test('DETACH deletes the results, ATTACH of a filled one brings them, of an empty one nothing', async () => {
    await using setting = await createPartitioned(version);
    const { client } = setting.pipeline;
    await setting.pipeline.start('reader', 'enricher', 'writer').ready();
    await setting.pay('eu/1', 'us/1', 'us/1001', 'asia/1');
    await setting.scored('eu/1', 'us/1', 'us/1001', 'asia/1');
    const before = await setting.outcomes();
    await client.query('alter table payments detach partition payments_us');
    await setting.scored('eu/1', 'asia/1');
    expect((await setting.swept(1)).removed.names).toEqual([
      'public.payments_us_low',
      'public.payments_us_high',
    ]);
    await client.query(`
      create table public.payments_africa (secret text, amount numeric(12,2) not null default 25, region region not null, id bigint not null);
      insert into public.payments_africa (region, id) select 'africa'::region, number from generate_series(1, 300) number;
      create table public.payments_mars partition of payments for values in ('mars');
      alter table payments attach partition public.payments_africa for values in ('africa')`);
    await client.query("alter table payments attach partition payments_us for values in ('us')");
    const africa = Array.from({ length: 300 }, (_, number) => `africa/${number + 1}`);
    await setting.scored('eu/1', 'us/1', 'us/1001', 'asia/1', ...africa);
    const after = await setting.outcomes();
    for (const key of ['eu/1', 'asia/1']) expect(after.get(key)).toBe(before.get(key));
    const attached = ['public.payments_africa', 'public.payments_us_high', 'public.payments_us_low'];
    const isTold = async (): Promise<boolean> => {
      const names = (await setting.notices()).flatMap((notice) => notice.attached.names);
      return [...new Set(names)].sort().join() === attached.join();
    };
    await until(isTold, { deadlineMs: DEADLINE_MS, what: 'notices of what was attached with rows' });
    const loaded = (await setting.endedJobs()).filter(({ reason }) => reason === 'backfill');
    expect(loaded.every(({ ofPartitions }) => ofPartitions)).toBe(true);
    expect(loaded.reduce((sum, { rowsDone }) => sum + rowsDone, 0)).toBe(302);
  });

  test('what happens while nobody reads is found at the next start', async () => {
    await using setting = await createPartitioned(version);
    const { client } = setting.pipeline;
    await setting.pipeline.start('enricher', 'writer').ready();
    {
      await using reader = setting.pipeline.start('reader');
      await reader.ready();
      await setting.pay('eu/1', 'us/1', 'us/1001', 'asia/1');
      await setting.scored('eu/1', 'us/1', 'us/1001', 'asia/1');
    }
    // Rows that are still on their way when their partition is emptied.
    await setting.pay('eu/2', 'us/2', 'us/1002');
    await client.query('truncate payments_eu');
    await client.query('alter table payments_us detach partition payments_us_low concurrently');
    await client.query(`
      create table public.payments_africa (like payments including all);
      insert into public.payments_africa (region, id) values ('africa', 1);
      alter table payments attach partition public.payments_africa for values in ('africa')`);
    await setting.pipeline.start('reader').ready();
    const notice = await setting.swept(1);
    expect(notice).toMatchObject({
      attached: only('payments_africa'),
      removed: only('payments_us_low'),
      rewritten: only('payments_eu'),
    });
    await setting.scored('us/1001', 'us/1002', 'asia/1', 'africa/1');
  });

  test('a partition that is only written anew, as VACUUM FULL does, loses and changes nothing', async () => {
    await using setting = await createPartitioned(version);
    const { client } = setting.pipeline;
    await setting.pipeline.start('reader', 'enricher', 'writer').ready();
    await setting.pay('eu/1', 'us/1', 'asia/1');
    await setting.scored('eu/1', 'us/1', 'asia/1');
    const before = await setting.outcomes();
    // Neither does it look like maintenance when the catalog itself is written anew.
    await client.query('vacuum (full, freeze) pg_inherits');
    await client.query('vacuum full payments_eu');
    const notice = await setting.swept(1);
    expect(notice).toMatchObject({ attached: none, removed: none, rewritten: only('payments_eu'), jobs: [] });
    expect(await setting.outcomes()).toEqual(before);
    expect(await setting.jobs()).toEqual([]);
  });

  test('one that was away between two looks is noticed, and what became of its rows meanwhile', async () => {
    await using setting = await createPartitioned(version);
    const { client } = setting.pipeline;
    await setting.pipeline.start('reader', 'enricher', 'writer').ready();
    await setting.pay('eu/1', 'us/1', 'us/2');
    await setting.scored('eu/1', 'us/1', 'us/2');
    await client.query(`
      begin;
      alter table payments_us detach partition payments_us_low;
      delete from payments_us_low where id = 1;
      insert into payments_us_low (region, id) values ('us', 3);
      alter table payments_us attach partition payments_us_low for values from (0) to (1000);
      commit`);
    await setting.scored('eu/1', 'us/2', 'us/3');
    const notice = await setting.swept(1);
    expect(notice).toMatchObject({ attached: only('payments_us_low'), removed: only('payments_us_low') });
  });
});

test('TRUNCATE of the whole table, which the log does tell, makes no job beside it', async () => {
  await using setting = await createPartitioned();
  await setting.pipeline.start('reader', 'enricher', 'writer').ready();
  await setting.pay('eu/1', 'us/1');
  await setting.scored('eu/1', 'us/1');
  await setting.pipeline.client.query('truncate payments');
  await setting.scored();
  expect(await setting.swept(1)).toMatchObject({ rewritten: { count: 4 }, jobs: [] });
  expect(await setting.jobs()).toEqual([]);
});

test('a lock on one partition does not hold up what is found of another', async () => {
  await using setting = await createPartitioned();
  const { client, database } = setting.pipeline;
  await setting.pipeline.start('reader', 'enricher', 'writer').ready();
  await setting.pay('eu/1', 'us/1');
  await setting.scored('eu/1', 'us/1');
  const holder = await connectDatabase({ url: database.url, applicationName: 'holder' });
  try {
    await holder.query('begin; lock table payments_eu');
    await client.query('truncate payments_us_low');
    expect((await setting.swept(1)).jobs).toHaveLength(1);
    await holder.query('rollback');
    await setting.scored('eu/1');
  } finally {
    await holder.end();
  }
});

test('a result that is still to come when its partition is emptied is deleted, too', async () => {
  await using setting = await createPartitioned();
  const { client } = setting.pipeline;
  await setting.pipeline.start('reader', 'writer').ready();
  await setting.pay('eu/1', 'us/1');
  await client.query('truncate payments_eu');
  await until(async () => (await setting.notices()).length > 0, {
    deadlineMs: DEADLINE_MS,
    what: 'a notice',
  });
  expect(await setting.notices()).toMatchObject([{ to_sweep: ['fraud'], jobs: [] }]);
  const pending = { table: 'public.payments', state: 'pending', job: null, enrichments: ['fraud'] };
  {
    await using readings = new DatabaseReadings(setting.pipeline.database.url, setting.pipeline.definition);
    expect(await readings.openSweeps()).toMatchObject([pending]);
  }
  expect(await readFollowUps(client)).toMatchObject({ gaps: [], sweeps: [pending] });
  await setting.pipeline.start('enricher').ready();
  expect((await setting.swept(1)).jobs).toHaveLength(1);
  await setting.scored('us/1');
});

test('what a reader wrote down and did not come to tell, the next one tells and follows, once', async () => {
  await using setting = await createPartitioned();
  const { client, definition } = setting.pipeline;
  await setting.pipeline.start('enricher', 'writer').ready();
  {
    await using reader = setting.pipeline.start('reader');
    await reader.ready();
    await setting.pay('eu/1', 'us/1');
    await setting.scored('eu/1', 'us/1');
  }
  await client.query('truncate payments_eu');
  await notePartitionChanges(client, definition);
  expect(await setting.notices()).toEqual([]);
  await setting.pipeline.start('reader').ready();
  expect(await setting.swept(1)).toMatchObject({ rewritten: only('payments_eu') });
  await setting.scored('us/1');
  expect((await setting.notices()).map(({ change, to_sweep }) => [change, to_sweep])).toEqual([
    ['1', ['fraud']],
    ['1', []],
  ]);
});

test('the reader does all of it under its own role, which cannot read the partitions themselves', async () => {
  await using setting = await createPartitioned();
  const { client, database, definition } = setting.pipeline;
  const role = `${definition.pipeline}_reader`;
  await client.query(`alter role ${role} login password 'secret'`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  const reader = await connectDatabase({ url: url.href, applicationName: 'reader' });
  try {
    await rememberPartitions(reader, definition);
    await setting.pay('eu/1', 'africa/1');
    await client.query(`
      alter table payments detach partition payments_eu;
      create table public.payments_mars (like payments including all);
      insert into public.payments_mars (region, id) values ('mars', 1), ('mars', 2);
      alter table payments attach partition public.payments_mars for values in ('mars')`);
    const found = (await notePartitionChanges(reader, definition)).changes;
    expect(found).toMatchObject([
      { attached: ['public.payments_mars'], removed: ['public.payments_eu'], toSweep: ['fraud'] },
    ]);
    expect(await notePartitionChanges(reader, definition)).toEqual({ changes: [], failed: [] });
    const [job] = await setting.jobs();
    const { rows } = await reader.query(`select id from payments where ${job?.condition} order by id`);
    expect(rows).toEqual([{ id: '1' }, { id: '2' }]);
    // No key outside of it has to be passed.
    expect(job?.ofPartitions).toBe(true);
    const { rows: plan } = await reader.query(`explain select from payments where ${job?.condition}`);
    expect(JSON.stringify(plan)).toMatch(/payments_mars/);
    expect(JSON.stringify(plan)).not.toMatch(/payments_(us|rest)/);
    const table = { schema: 'public', name: 'payments' };
    const sweep = { table, reason: 'repair', enrichments: ['fraud'] } as const;
    const within = found[0]?.sweepCondition ?? null;
    // Qualified, so that it means the same in whatever session it is used.
    expect(within).toContain("'eu'::public.region");
    expect(await findOrphan(reader, { ...sweep, within })).toBeUndefined();
  } finally {
    await reader.end();
  }
});
