// A redo goes as far as its purse reaches for everybody that it is for, and no row of it comes to an empty one.
import { expect, test } from 'vitest';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { countUnpaid } from '../../shared/side-tables/unpaid-redos.ts';
import { createPipeline } from '../support/pipeline.ts';
import { until } from '../support/wait.ts';

const TEST_MAX_MS = 180_000;
const DEADLINE_MS = 120_000;
const UNIT_NANO_USD = 100_000;
const LIMIT_NANO_USD = 7_000_000;
/** There before the reader: short ones, then a long one that is dearer than all of them together, as its language is asked for, too. */
const NOTES = `create table notes (id bigint generated always as identity primary key, body text not null);
  insert into notes (body) select 'note ' || n || ' works well' from generate_series(1, 5) n;
  insert into notes (body) select repeat('it works well and ', 120);
  insert into notes (body) select 'note ' || n || ' works well' from generate_series(7, 40) n;`;

/** Both are paid from one purse. */
const definitionOf = (text: string): string => `version: 1
${/^pipeline: .*$/m.exec(text)?.[0]}
sources:
  notes: { table: public.notes, partitions: 2 }
enrichments:
  mood:
    from: notes
    model: { kind: comprehend, language: { fallback: en }, rate: 1000/s }
    input: [body]
  tone:
    from: notes
    model: { kind: comprehend, language: { detect: never, fallback: de }, rate: 1000/s }
    input: [body]
budget: { daily_usd: 1, redo_daily_usd: 0.007, on_reached: skip }
`;

test('dear enrichments on one purse get the rows that it reaches for, and the job waits in front of the next', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline(18, definitionOf, NOTES);
  const { client, awsLocal } = pipeline;
  // Refusals cost nothing, and must not make the rows look cheaper.
  awsLocal.control.addFault({ fault: { kind: 'throttle' }, calls: 5 });
  await pipeline.start('reader', 'writer', 'enricher mood', 'enricher tone').ready();
  const statuses = async (enrichment: string): Promise<readonly string[]> => {
    const { rows } = await client.query<{ status: string }>(
      `select status || ' ' || key_id as status from afterglow_internal.state_${enrichment} order by key_id`,
    );
    return rows.map(({ status }) => status);
  };
  const first = [1, 2, 3, 4, 5].map((id) => `scored ${id}`);
  await until(async () => (await listRedoJobs(client, 1))[0]?.waitsFor?.includes('redo_daily_usd') === true, {
    deadlineMs: DEADLINE_MS,
    what: 'the job to say what it waits for',
  });
  await until(async () => (await statuses('mood')).length >= 5 && (await statuses('tone')).length >= 5, {
    deadlineMs: DEADLINE_MS,
    what: 'the rows that there was money for',
  });
  expect(await statuses('mood')).toEqual(first);
  expect(await statuses('tone')).toEqual(first);
  expect(await countUnpaid(client)).toEqual(new Map());
  const paid = awsLocal.control.calls().operations.reduce((sum, { paid_units }) => sum + paid_units, 0);
  expect(paid * UNIT_NANO_USD).toBeLessThanOrEqual(LIMIT_NANO_USD);
});
