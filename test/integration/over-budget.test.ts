// Rows that got nothing get their outcome when there is money again, by a job of their own.
import { expect, test } from 'vitest';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { enrichAsItself } from '../support/own-login.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const TEST_MAX_MS = 600_000;
const DEADLINE_MS = 120_000;
const NOTES = 'create table notes (id bigint generated always as identity primary key, body text not null)';

const definitionOf =
  (budget: string) =>
  (text: string): string =>
    `version: 1
${/^pipeline: .*$/m.exec(text)?.[0]}
sources:
  notes: { table: public.notes, partitions: 3 }
enrichments:
  mood:
    from: notes
    model: { kind: comprehend, language: { detect: never, fallback: en }, rate: 1000/s }
    input: [body]
budget: ${budget}
`;

async function statuses({ client }: TestPipeline): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<{ status: string; count: number }>(
    'select status, count(*)::int4 as count from afterglow_internal.state_mood group by status order by status',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

const add = async ({ client }: TestPipeline, rows: number): Promise<void> => {
  await client.query(
    "insert into notes (body) select 'note ' || n || ' works well' from generate_series(1, $1::int4) n",
    [rows],
  );
};

const becomes = async (pipeline: TestPipeline, wanted: Readonly<Record<string, number>>): Promise<void> => {
  await until(async () => JSON.stringify(await statuses(pipeline)) === JSON.stringify(wanted), {
    deadlineMs: DEADLINE_MS,
    what: JSON.stringify(wanted),
  });
};

/** As if midnight had passed, at once for all that is written of money. Of the day before nobody asks any more. */
const nextDay = async ({ client }: TestPipeline): Promise<void> => {
  await client.query(`begin;
    lock table afterglow_internal.leases, afterglow_internal.ledger in exclusive mode;
    delete from afterglow_internal.ledger where day < (now() at time zone 'UTC')::date;
    update afterglow_internal.ledger set day = day - 1;
    update afterglow_internal.leases set day = day - 1;
    commit`);
};

test('rows over budget are told of, and read again by one job once the purse is full', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline(
    18,
    definitionOf('{ daily_usd: 0.003, redo_daily_usd: 0.02, on_reached: skip }'),
    NOTES,
  );
  const { client, definition } = pipeline;
  await pipeline.start('reader', 'writer').ready();
  {
    await using enricher = pipeline.start('enricher mood');
    await enricher.ready();
    await add(pipeline, 30);
    await becomes(pipeline, { over_budget: 20, scored: 10 });
  }
  const notices = (await readTopic(`${definition.pipeline}.notices`)).flatMap(({ value }) =>
    value === null ? [] : [JSON.parse(String(value)) as { kind: string; level?: string; purse?: string }],
  );
  expect(
    notices
      .filter(({ kind }) => kind === 'budget')
      .map(({ level, purse }) => `${purse} ${level}`)
      .toSorted(),
  ).toEqual(['live alert', 'live reached']);
  expect(await listRedoJobs(client, 10)).toEqual([]);

  await nextDay(pipeline);
  // Under its own login: it must be allowed to make the job.
  await using _enricher = await enrichAsItself(pipeline, 'mood');
  await becomes(pipeline, { scored: 30 });
  expect(await listRedoJobs(client, 10)).toMatchObject([
    { reason: 'over_budget', byKeys: true, enrichments: ['mood'] },
  ]);
});

test('with pause nothing is over budget: rows wait in Kafka until there is money again', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline(18, definitionOf('{ daily_usd: 0.003 }'), NOTES);
  const services = pipeline.start('reader', 'writer', 'enricher mood');
  await services.ready();
  await add(pipeline, 30);
  await becomes(pipeline, { scored: 10 });
  const paused = async (): Promise<boolean> =>
    (await services.metrics()).some(({ name, value }) => name === 'afterglow_enricher_paused' && value === 1);
  await until(paused, { deadlineMs: DEADLINE_MS, what: 'the enricher to say that it waits' });
  expect(await statuses(pipeline)).toEqual({ scored: 10 });
  await nextDay(pipeline);
  await becomes(pipeline, { scored: 20 });
  await nextDay(pipeline);
  await becomes(pipeline, { scored: 30 });
});

test('a redo without money waits in front of Kafka, and changes pass it', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline(
    18,
    definitionOf('{ daily_usd: 1, redo_daily_usd: 0.003, on_reached: skip }'),
    NOTES,
  );
  const { client } = pipeline;
  // There before the reader: a first load, so a redo.
  await add(pipeline, 30);
  await pipeline.start('reader', 'writer', 'enricher mood').ready();
  await becomes(pipeline, { scored: 10 });
  await until(async () => (await listRedoJobs(client, 1))[0]?.waitsFor?.includes('redo_daily_usd') === true, {
    deadlineMs: DEADLINE_MS,
    what: 'the job to say what it waits for',
  });
  await add(pipeline, 5);
  await becomes(pipeline, { scored: 15 });
  await nextDay(pipeline);
  await becomes(pipeline, { scored: 25 });
  await nextDay(pipeline);
  await becomes(pipeline, { scored: 35 });
});
