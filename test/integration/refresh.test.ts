// Results whose input ages without a commit are made anew, spread over the period, whatever happens to the reader meanwhile.
import { expect, test } from 'vitest';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const ROWS = 200;
/** Of ${ROWS} rows, with a period of 8 s: half of them at once, and that every 2 s. */
const PORTION = 100;
const TABLES = `create table customers (id bigint generated always as identity primary key, seen_at timestamptz not null, plan text not null default 'free');
  insert into customers (seen_at) select now() - n * interval '1 hour' from generate_series(1, ${ROWS}) n;
  insert into customers (seen_at, plan) values (now(), 'closed')`;

const text = (shipped: string): string => `version: 1
pipeline: ${/pipeline: (\w+)/.exec(shipped)?.[1] ?? ''}
sources:
  customers: { table: public.customers, partitions: 2 }
enrichments:
  churn:
    from: customers
    when: plan != "closed"
    model: { kind: sagemaker, endpoint: churn-xgboost, version: "1" }
    input: [seconds: (now - seen_at).getSeconds(), a: "1", b: "1", c: "1", d: "1"]
    output: { probability: float }
    refresh: { every: 8s }
`;

interface Job {
  readonly state: string;
  readonly rows: number;
  readonly made_ms: number;
  readonly ended_ms: number | null;
}

async function refreshesOf({ client }: TestPipeline): Promise<readonly Job[]> {
  const { rows } = await client.query<Job>(
    `select state, rows_done::int4 as rows, (extract(epoch from created_at - now()) * 1000)::int4 as made_ms,
            (extract(epoch from finished_at - now()) * 1000)::int4 as ended_ms
       from afterglow_internal.redo_jobs where reason = 'refresh' order by job`,
  );
  return rows;
}

/** Rows with a result that was made after the first ones. */
async function refreshed({ client }: TestPipeline, sinceMs: number): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int4 as count from afterglow_internal.state_churn where status = 'scored' and as_of > to_timestamp($1::float8 / 1000)",
    [sinceMs],
  );
  return rows[0]?.count ?? 0;
}

test('aged results are made anew in portions, one job at a time, also over a restart of the reader, and no row twice in a period', {
  timeout: 400_000,
}, async () => {
  await using pipeline = await createPipeline(18, text, TABLES);
  const { client } = pipeline;
  await using services = pipeline.start('enricher churn', 'writer');
  await using reader = pipeline.start('reader');
  await Promise.all([services.ready(), reader.ready()]);
  await until(async () => (await refreshed(pipeline, 0)) === ROWS, {
    deadlineMs: DEADLINE_MS,
    what: 'the first results',
  });
  const { rows } = await client.query<{ newest: string }>(
    'select (extract(epoch from max(as_of)) * 1000)::float8 as newest from afterglow_internal.state_churn',
  );
  const firstLoadMs = Number(rows[0]?.newest);
  await until(async () => (await refreshed(pipeline, firstLoadMs)) > 0, {
    deadlineMs: DEADLINE_MS,
    what: 'the first row made anew',
  });
  await reader[Symbol.asyncDispose]();
  await using successor = pipeline.start('reader');
  await successor.ready();
  await until(async () => (await refreshed(pipeline, firstLoadMs)) === ROWS, {
    deadlineMs: DEADLINE_MS,
    what: 'every row made anew',
  });
  await successor[Symbol.asyncDispose]();

  const jobs = await refreshesOf(pipeline);
  expect(jobs.length).toBeGreaterThanOrEqual(2);
  for (const [place, job] of jobs.entries()) {
    // Those without a result count, too, where the portion is reckoned.
    expect(job.rows).toBeLessThanOrEqual(PORTION + 1);
    const before = jobs[place - 1];
    if (before === undefined) continue;
    expect(before.ended_ms).not.toBeNull();
    expect(job.made_ms).toBeGreaterThanOrEqual(before.ended_ms ?? Number.POSITIVE_INFINITY);
    expect(job.made_ms - before.made_ms).toBeGreaterThanOrEqual(2_000);
  }
  const asked = pipeline.awsLocal.control.calls().operations.reduce((sum, each) => sum + each.rows, 0);
  expect(asked).toBeLessThanOrEqual(ROWS + jobs.reduce((sum, job) => sum + job.rows, 0));
  const { rows: early } = await client.query(
    `select from afterglow_internal.redo_keys one join afterglow_internal.redo_keys other using (key)
       join afterglow_internal.redo_jobs a on a.job = one.job join afterglow_internal.redo_jobs b on b.job = other.job
      where a.job < b.job and b.created_at - a.created_at < interval '8 seconds'`,
  );
  expect(early).toEqual([]);
  const { rows: skipped } = await client.query<{ count: number }>(
    "select count(*)::int4 as count from afterglow.customers_enriched where churn_status = 'skipped'",
  );
  expect(skipped).toEqual([{ count: 1 }]);
});
