// Partitions that came, were filled, and went or were emptied before any look found them: only the log has ever named them.
import { describe, expect, test, vi } from 'vitest';
import { notePartitionChanges } from '../../services/reader/partitions/note-changes.ts';
import { createPartitioned } from '../support/partitions.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
vi.setConfig({ testTimeout: 600_000 });

const none = { count: 0, names: [] };

describe.each([16, 18] as const)('unseen partitions on PostgreSQL %i', (version) => {
  test('those that were made, filled and are gone again before anybody looks leave no result behind', async () => {
    await using setting = await createPartitioned(version);
    const { client } = setting.pipeline;
    await setting.pipeline.start('enricher', 'writer').ready();
    {
      await using reader = setting.pipeline.start('reader');
      await reader.ready();
      await setting.pay('eu/1');
      await setting.scored('eu/1');
    }
    await client.query(`
      create table public.payments_africa partition of payments for values in ('africa');
      create table public.payments_mars partition of payments for values in ('mars') partition by range (id);
      create table public.payments_mars_low partition of payments_mars for values from (0) to (1000);
      create table public.payments_asia partition of payments for values in ('asia')`);
    await setting.pay('eu/2', 'africa/1', 'africa/2', 'mars/1', 'asia/1');
    await client.query('drop table public.payments_africa');
    await client.query('alter table payments detach partition public.payments_mars');
    await client.query('truncate public.payments_asia');
    await setting.pay('asia/2');
    await setting.pipeline.start('reader').ready();
    const gone = ['public.payments_africa', 'public.payments_mars_low'];
    const isTold = async (): Promise<boolean> => {
      const found = (await setting.notices()).flatMap(({ removed }) => removed.names);
      return [...new Set(found)].sort().join() === gone.join();
    };
    await until(isTold, { deadlineMs: DEADLINE_MS, what: `notices of exactly ${gone.join()}`, everyMs: 500 });
    await setting.scored('eu/1', 'eu/2', 'asia/2');
  });

  test('one that is made, filled and dropped between two looks leaves no result behind', async () => {
    await using setting = await createPartitioned(version);
    const { client } = setting.pipeline;
    await setting.pipeline.start('reader', 'enricher', 'writer').ready();
    await setting.pay('eu/1');
    await setting.scored('eu/1');
    await client.query(`do $$ begin
      create table public.payments_africa partition of payments for values in ('africa'); commit;
      insert into payments (region, id) values ('africa', 1), ('africa', 2), ('eu', 2); commit;
      drop table public.payments_africa; commit;
    end $$`);
    expect(await setting.swept(1)).toMatchObject({
      attached: none,
      removed: { count: 1, names: ['public.payments_africa'] },
    });
    await setting.scored('eu/1', 'eu/2');
    // Whoever reads the log again finds nothing that was not followed.
    expect(await setting.endedJobs()).toMatchObject([{ reason: 'repair', rowsGone: 2 }]);
  });
});

test('what was emptied before it was found has its results followed when the log tells of them afterwards', async () => {
  await using setting = await createPartitioned();
  const { client, definition } = setting.pipeline;
  await setting.pipeline.start('enricher', 'writer').ready();
  {
    await using reader = setting.pipeline.start('reader');
    await reader.ready();
    await setting.pay('eu/1');
    await setting.scored('eu/1');
  }
  await client.query("create table public.payments_asia partition of payments for values in ('asia')");
  await setting.pay('asia/1');
  await client.query('truncate public.payments_asia');
  expect(await notePartitionChanges(client, definition)).toEqual({ changes: [], failed: [] });
  await setting.pay('asia/2');
  await setting.pipeline.start('reader').ready();
  expect(await setting.swept(1)).toMatchObject({ attached: none, removed: none });
  await setting.scored('eu/1', 'asia/2');
  const jobs = await setting.endedJobs();
  expect(jobs).toMatchObject([{ reason: 'repair', rowsGone: 1 }]);
});
