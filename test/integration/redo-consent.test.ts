// A replay and a repair can cost as much as a backfill: both are priced first, and ask above the same size.
import { expect, test } from 'vitest';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { commandLine } from '../support/command-line.ts';
import { createPipeline } from '../support/pipeline.ts';
import { until } from '../support/wait.ts';

const TEST_MAX_MS = 180_000;
const DEADLINE_MS = 120_000;
const ROWS = 20;
const NOTES = 'create table notes (id bigint generated always as identity primary key, body text not null)';

/** Three units a note: thirty cents. */
const text = (shipped: string): string => `version: 1
pipeline: ${/^pipeline: (\w+)$/m.exec(shipped)?.[1] ?? ''}
sources:
  notes: { table: public.notes, partitions: 1 }
enrichments:
  mood:
    from: notes
    model: { kind: comprehend, language: { detect: never, fallback: en }, rate: 1000/s }
    input: [body]
prices: { comprehend_unit_usd: 0.1 }
`;

test('dead replay and audit --repair say what they cost and ask above a dollar', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline(18, text, NOTES);
  const { client } = pipeline;
  await using cli = await commandLine(pipeline, text);
  await pipeline.start('reader', 'writer', 'enricher mood').ready();
  await client.query(
    `insert into notes (body) select 'note ' || n || ' works well' from generate_series(1, ${ROWS}) n`,
  );
  const scored = async (): Promise<number> =>
    (await client.query("select from afterglow_internal.state_mood where status = 'scored'")).rowCount ?? 0;
  await until(async () => (await scored()) === ROWS, { deadlineMs: DEADLINE_MS, what: 'the scores' });

  // As if all but one had failed, and no answer were known.
  await client.query('delete from afterglow_internal.request_cache');
  await client.query('delete from afterglow.mood');
  await client.query(
    `update afterglow_internal.state_mood set status = 'failed', failure_kind = 'contract', failure_code = 'x',
            failure_message = 'x', dead_letter_id = repeat('ab', 31) || to_char(key_id, 'FM00') where key_id < ${ROWS}`,
  );
  const replay = ['dead', 'replay', '--enrichment', 'mood', '--detach'] as const;
  const unasked = await cli.run(...replay, '--all');
  expect(unasked.status, unasked.error).toBe(4);
  expect(unasked.error).toContain(`${ROWS - 1} failed rows, for about $5.70,`);
  const two = await cli.run(...replay, `${'ab'.repeat(31)}01`, `${'ab'.repeat(31)}02`);
  expect(two.status, two.error).toBe(0);

  await client.query('delete from afterglow_internal.state_mood where key_id > 2');
  const repaired = await cli.run('audit', '--repair', '--wait', '2m');
  expect(repaired.status, repaired.error).toBe(4);
  expect(repaired.error).toContain(`${ROWS - 2} rows, for about $5.40,`);
  expect((await listRedoJobs(client, 10)).map(({ reason }) => reason)).not.toContain('repair');
});
