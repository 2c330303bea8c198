// What a redo would cost, what it did cost, and that nothing is paid for a second time.
import { expect, test } from 'vitest';
import { estimateCost } from '../../services/cli/cost/estimate-cost.ts';
import type { CostReport } from '../../services/cli/cost/report.ts';
import type { StatusReport } from '../../services/cli/status-report.ts';
import { readLedger } from '../../shared/side-tables/ledger-entries.ts';
import { createRedoJob, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { commandLine } from '../support/command-line.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/wait.ts';

const TEST_MAX_MS = 600_000;
const DEADLINE_MS = 120_000;
const ROWS = 900;
const NOTES =
  'create table notes (id bigint generated always as identity primary key, body text not null, likes integer not null default 0)';

const definitionOf = (text: string): string => `version: 1
${/^pipeline: .*$/m.exec(text)?.[0]}
sources:
  notes: { table: public.notes, partitions: 3 }
enrichments:
  mood:
    from: notes
    when: likes >= 0
    model: { kind: comprehend, rate: 1000/s }
    input: [body]
  vectors:
    from: notes
    model: { kind: titan-embedding, dimensions: 256, rate: 1000/s }
    input: [body]
# Dear enough that reading the rows again wants consent.
prices: { comprehend_unit_usd: 0.0002 }
`;

/** In English, of very different lengths; every tenth repeats another one, and one in twelve is left out by the filter of mood. */
const INSERT = `
  insert into notes (body, likes)
  select 'Note ' || case when n % 10 = 0 then 1 else n end || ': '
         || repeat('it arrived late, but it works well enough for the price of it. ', 1 + (case when n % 10 = 0 then 1 else n end) % 17),
         case when n % 12 = 0 then -1 else 1 end
    from generate_series(1, $1::int4) as n`;

async function scored({ client }: TestPipeline): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select (select count(*)::int4 from afterglow_internal.state_mood where status in ('scored', 'skipped'))
          + (select count(*)::int4 from afterglow_internal.state_vectors where status = 'scored') as count`,
  );
  return rows[0]?.count ?? 0;
}

async function spentNanoUsd({ client }: TestPipeline, enrichment: string, purse: string): Promise<number> {
  const { entries } = await readLedger(client, 1);
  return entries
    .filter((entry) => entry.enrichment === enrichment && entry.purse === purse)
    .reduce((sum, entry) => sum + entry.spentNanoUsd + entry.presumedNanoUsd + entry.leasedNanoUsd, 0);
}

const paidUnits = ({ awsLocal }: TestPipeline): number =>
  awsLocal.control.calls().operations.reduce((sum, { paid_units }) => sum + paid_units, 0);

/** Of the oldest or the newest outcome that stands anywhere. */
async function lsnOf({ client }: TestPipeline, which: 'min' | 'max'): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>(
    `select lpad(split_part(lsn, '/', 1), 8, '0') || lpad(split_part(lsn, '/', 2), 8, '0') as lsn
       from (select ${which}(commit_lsn)::text as lsn from (
         select commit_lsn from afterglow_internal.state_mood union all select commit_lsn from afterglow_internal.state_vectors
       ) each) oldest`,
  );
  return rows[0]?.lsn ?? '';
}

test('an estimate is within a tenth of what the rows then cost, and reading paid rows again costs nothing', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline(18, definitionOf, NOTES);
  const { client, definition } = pipeline;
  await client.query(INSERT, [ROWS]);
  const estimated = {
    mood: await estimateCost(client, definition, { enrichment: 'mood', condition: undefined, aws: 'local' }),
    vectors: await estimateCost(client, definition, {
      enrichment: 'vectors',
      condition: undefined,
      aws: 'local',
    }),
  };
  expect(estimated.mood.rows).toBe(ROWS);
  expect(estimated.mood.nanoUsd).toBeGreaterThan(1_000_000_000);
  await using command = await commandLine(pipeline, definitionOf);
  const refused = await command.run('backfill', 'notes', '--enrichment', 'mood', '--json');
  expect(refused.status).toBe(4);
  expect(refused.error + refused.out).toMatch(/consent_missing.*for about \$\d/);
  {
    await using services = pipeline.start('reader', 'enricher mood', 'enricher vectors', 'writer');
    await services.ready();
    await until(async () => (await scored(pipeline)) === 2 * ROWS, {
      deadlineMs: DEADLINE_MS,
      what: 'an outcome for every row',
    });
  }
  for (const name of ['mood', 'vectors'] as const) {
    // Rows that are there before the reader are a first load, so a redo.
    const spent = await spentNanoUsd(pipeline, name, 'redo');
    expect(spent).toBeGreaterThan(0);
    expect(
      Math.abs(estimated[name].nanoUsd - spent),
      `${name}: ${estimated[name].nanoUsd} for ${spent}`,
    ).toBeLessThan(spent / 10);
  }
  const shown = JSON.parse((await command.run('cost', '--json')).out) as CostReport;
  const redo = shown.today.find(({ purse }) => purse === 'redo');
  expect(redo).toMatchObject({ limit_usd: null, presumed_usd: 0, reserved_usd: 0 });
  expect(redo?.spent_usd).toBeGreaterThan(1);
  expect(shown.saved.cache_usd).toBeGreaterThan(0);
  expect(shown.saved.filter_usd).toBeGreaterThan(0);
  expect((await command.run('cost')).out).toContain('mood');
  const { spend } = JSON.parse((await command.run('status', '--json')).out) as StatusReport;
  expect(spend?.map(({ enrichment, purse, limit_usd: limit }) => [enrichment, purse, limit])).toEqual([
    ['mood', 'redo', null],
    ['vectors', 'redo', null],
  ]);
  expect(spend?.reduce((sum, each) => sum + each.spent_usd, 0)).toBeCloseTo(redo?.spent_usd ?? 0, 9);
  const paid = paidUnits(pipeline);
  const before = {
    mood: await spentNanoUsd(pipeline, 'mood', 'redo'),
    vectors: await spentNanoUsd(pipeline, 'vectors', 'redo'),
  };

  expect(
    await estimateCost(client, definition, { enrichment: 'mood', condition: 'id <= 500', aws: 'local' }),
  ).toMatchObject({
    rows: 500,
    paidRows: 0,
    nanoUsd: 0,
  });
  expect(
    await estimateCost(client, definition, { enrichment: 'vectors', condition: undefined, aws: 'local' }),
  ).toMatchObject({
    paidRows: 0,
    nanoUsd: 0,
  });
  const again = JSON.parse((await command.run('cost', 'estimate', 'notes', '--json')).out) as { usd: number };
  expect(again.usd).toBe(0);
  const loaded = await lsnOf(pipeline, 'max');
  const job = await createRedoJob(client, {
    schema: 'public',
    table: 'notes',
    reason: 'backfill',
    enrichments: ['mood', 'vectors'],
  });
  {
    await using services = pipeline.start('reader', 'enricher mood', 'enricher vectors', 'writer');
    await services.ready();
    await until(async () => (await readRedoJob(client, job))?.state === 'done', {
      deadlineMs: DEADLINE_MS,
      what: 'the end of the redo',
    });
    await until(async () => (await lsnOf(pipeline, 'min')) > loaded, {
      deadlineMs: DEADLINE_MS,
      what: 'every row to be written again',
    });
  }
  expect(paidUnits(pipeline)).toBe(paid);
  expect(await spentNanoUsd(pipeline, 'mood', 'redo')).toBe(before.mood);
  expect(await spentNanoUsd(pipeline, 'vectors', 'redo')).toBe(before.vectors);
});
