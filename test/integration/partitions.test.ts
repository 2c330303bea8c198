// What TRUNCATE of a partition, DETACH and ATTACH do sends nothing through the log: the reader finds it, and the results follow.
import { describe, expect, test, vi } from 'vitest';
import { createPartitioned } from '../support/partitions.ts';

vi.setConfig({ testTimeout: 180_000 });

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
    const after = await setting.outcomes();
    // Nobody else's row was even read again.
    expect([...after]).toEqual([...before].filter(([key]) => key === 'us/1001'));
    const jobs = await setting.jobs();
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
      create table public.payments_africa (secret text, amount numeric(12,2) not null default 25, region text not null, id bigint not null);
      insert into public.payments_africa (region, id) select 'africa', number from generate_series(1, 300) number;
      create table public.payments_mars partition of payments for values in ('mars');
      alter table payments attach partition public.payments_africa for values in ('africa')`);
    await client.query("alter table payments attach partition payments_us for values in ('us')");
    const africa = Array.from({ length: 300 }, (_, number) => `africa/${number + 1}`);
    await setting.scored('eu/1', 'us/1', 'us/1001', 'asia/1', ...africa);
    const after = await setting.outcomes();
    for (const key of ['eu/1', 'asia/1']) expect(after.get(key)).toBe(before.get(key));
    const notices = await setting.notices();
    const attached = notices.flatMap((notice) => notice.attached.names);
    expect(new Set(attached)).toEqual(
      new Set(['public.payments_africa', 'public.payments_us_low', 'public.payments_us_high']),
    );
    const loaded = (await setting.jobs()).filter(({ reason }) => reason === 'backfill');
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
    await client.query('alter table payments_us detach partition payments_us_low');
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
});
