// `afterglow backfill` as a person runs it, beside a reader that does the jobs.
import { expect, test, vi } from 'vitest';
import { createRedoJob, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createRedoSetting, type RedoSetting } from '../support/redo.ts';

const END_MS = 120_000;
// Longer than the waits inside, so that a test which gives up says what it waited for.
vi.setConfig({ testTimeout: 600_000 });
const FILL = `
  insert into notes select 'art', md5(number::text)::uuid, 'A', number, 'body' from generate_series(1, $1::int4) number`;

async function run(setting: RedoSetting, commandLine: readonly string[]) {
  await using child = await setting.afterglow(...commandLine);
  await child.outputMatching(/\n$/, END_MS);
  await child.ended;
  return { status: child.end?.status, output: child.output };
}

test('a backfill is made, watched to its end, and listed', async () => {
  await using setting = await createRedoSetting();
  await setting.client.query(FILL, [500]);
  await setting.client.query('analyze notes');
  await setting.consume('first', 5_000);
  await setting.consume('second', 5_000);
  await setting.read();
  await setting.jobIn('done', '1');
  const made = await run(setting, ['backfill', 'notes', '--where', 'rating <= 250', '--enrichment', 'first']);
  expect(made.output).toMatch(/^Job 2: about \d+ rows of notes for first\.\n/);
  expect(made.output).toMatch(/\njob 2 done: 250 rows\n$/);
  expect(made.status).toBe(0);
  const addressed = (await setting.events()).filter(({ event }) => event?.source.redo?.job === '2');
  expect(addressed).toHaveLength(250);
  for (const { event } of addressed) expect(event?.source.redo?.enrichments).toEqual(['first']);
  const listed = await run(setting, ['backfill', 'list', '--json']);
  const jobs = listed.output
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(jobs).toMatchObject([
    {
      job: '2',
      table: 'public.notes',
      reason: 'backfill',
      state: 'done',
      condition: 'rating <= 250',
      rows_done: 250,
    },
    { job: '1', reason: 'snapshot', state: 'done', rows_done: 500, left_ms: null },
  ]);
});

test('jobs are controlled by their number; nobody to agree, or a slip of the pen, changes nothing', async () => {
  await using setting = await createRedoSetting();
  const { client, job } = setting;
  const made = await createRedoJob(client, job);
  expect(await run(setting, ['backfill', 'pause', made])).toEqual({
    status: 0,
    output: `Job ${made} is paused.\n`,
  });
  expect((await run(setting, ['backfill', 'pause', made])).output).toContain(
    'Job 1 is paused: it cannot pause.',
  );
  expect((await run(setting, ['backfill', 'resume', made])).output).toContain('Job 1 goes on.');
  expect((await run(setting, ['backfill', 'cancel', made, '--json'])).output).toContain(
    '"state":"cancelled"',
  );
  await client.query(FILL, [200_000]);
  await client.query('analyze notes');
  for (const [commandLine, status, said] of [
    [
      ['backfill', 'notes'],
      4,
      'About 200,000 rows of notes would be read again; nobody agreed to that many.',
    ],
    [['backfill', 'note'], 2, 'There is no source "note". Did you mean notes?'],
    [['backfill', 'notes', '--where', 'colour = 1'], 2, 'column "colour" does not exist'],
    [['backfill', 'notes', '--enrichment', 'frist'], 2, 'Did you mean first?'],
    [['backfill', 'cancel', '99'], 2, 'There is no job 99.'],
  ] as const) {
    const refused = await run(setting, commandLine);
    expect(refused.output).toContain(said);
    expect(refused.status).toBe(status);
  }
  expect(await readRedoJob(client, '2')).toBeUndefined();
  const agreed = await run(setting, ['backfill', 'notes', '--yes', '--detach', '--json']);
  expect(JSON.parse(agreed.output)).toMatchObject({ event: 'made', job: '2', estimated_rows: 200_000 });
  expect((await run(setting, ['backfill', 'cancel', '2'])).status).toBe(0);
  const few = await run(setting, ['backfill', 'notes', '--where', 'rating = 1', '--detach', '--json']);
  expect(JSON.parse(few.output)).toMatchObject({ event: 'made', job: '3', state: 'waiting' });
});
