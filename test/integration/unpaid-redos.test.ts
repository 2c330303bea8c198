// Rows that are read again and that nobody can pay for: what stands beside them stays, and nobody waits behind them.
import { expect, test } from 'vitest';
import { applyInit } from '../../services/cli/init/apply.ts';
import { sumOf } from '../../services/cli/view/metrics-text.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createRedoJob, listRedoJobs, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const TEST_MAX_MS = 240_000;
const DEADLINE_MS = 120_000;
const ROWS = 30;
/** What redo_daily_usd reaches for, at $0.0003 a note: for fewer where a lease expires before it is told what was spent of it. */
const PAID_MAX = 20;
const NEW_ROWS = 5;
const NOTES = 'create table notes (id bigint generated always as identity primary key, body text not null)';

const textOf = (pipeline: string, onReached: string, fallback: string, redoUsd: number): string => `version: 1
pipeline: ${pipeline}
sources:
  notes: { table: public.notes, partitions: 1 }
enrichments:
  mood:
    from: notes
    model: { kind: comprehend, language: { detect: never, fallback: ${fallback} }, rate: 1000/s }
    input: [body]
budget: { daily_usd: 1, redo_daily_usd: ${redoUsd}, on_reached: ${onReached} }
`;

/** By status, and by the revision of the model: the rows that have a result of it. */
async function standing({ client }: TestPipeline): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<{ what: string; count: number }>(
    `select state.status || ' ' || state.revision as what, count(result.id)::int4 as count
       from afterglow_internal.state_mood as state left join afterglow.mood as result on result.id = state.key_id
      group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ what, count }) => [what, count]));
}

type Standing = Awaited<ReturnType<typeof standing>>;
const isEqual = (one: Standing, other: Standing): boolean => JSON.stringify(one) === JSON.stringify(other);

const becomes = async (pipeline: TestPipeline, wanted: Standing): Promise<void> => {
  await until(async () => isEqual(await standing(pipeline), wanted), {
    deadlineMs: DEADLINE_MS,
    what: JSON.stringify(wanted),
  });
};

const add = async ({ client }: TestPipeline, rows: number): Promise<void> => {
  await client.query(
    `insert into notes (body) select 'note ' || n || ' of ' || (select count(*) from notes) || ' works well'
       from generate_series(1, $1::int4) n`,
    [rows],
  );
};

interface Money {
  readonly paid: number;
  readonly unpaid: number;
  /** Nobody has said yet what becomes of them. */
  readonly open: number;
}

/** Of the rows that are read again: distinct ones, since a record may come twice. */
async function money({ client }: TestPipeline): Promise<Money> {
  const { rows } = await client.query<Money>(
    `select count(*) filter (where revision = 2)::int4 as paid, count(noted.key)::int4 as unpaid,
            count(*) filter (where revision = 1 and noted.key is null)::int4 as open
       from afterglow_internal.state_mood as state left join afterglow_internal.unpaid_redos as noted
         on noted.enrichment = 'mood' and noted.key = array[state.key_id::text]
      where key_id <= $1`,
    [ROWS],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('a count came back without a row');
  return found;
}

async function setUpAs(
  { client, definition }: TestPipeline,
  onReached: string,
  redoUsd: number,
): Promise<Definition> {
  const text = textOf(definition.pipeline, onReached, 'de', redoUsd);
  const again = parseDefinition(text, 'afterglow.yaml', {}).definition;
  if (again === undefined) throw new Error('the new definition cannot be read');
  const admin = await connectKafkaAdmin({
    brokers: [brokers()],
    clientId: 'test',
    logger: createLogger('test', 'silent'),
  });
  await applyInit(client, admin, { definition: again });
  await admin.close();
  return again;
}

test.each(['skip', 'pause'])(
  'with %s a redo that finds no money keeps scores, holds no change up, owes no outcome, and is done once there is some',
  { timeout: TEST_MAX_MS },
  async (onReached) => {
    await using pipeline = await createPipeline(
      18,
      (shipped) => textOf(/^pipeline: (\w+)$/m.exec(shipped)?.[1] ?? '', onReached, 'en', 1),
      NOTES,
    );
    const { client } = pipeline;
    {
      await using first = pipeline.start('reader', 'writer', 'enricher mood');
      await first.ready();
      await add(pipeline, ROWS);
      await becomes(pipeline, { 'scored 1': ROWS });
    }
    const rich = await setUpAs(pipeline, onReached, 1);
    await using reader = pipeline.startAs(rich, 'reader');
    await using writer = pipeline.startAs(rich, 'writer');
    await Promise.all([reader.ready(), writer.ready()]);
    let again: Definition;
    {
      const job = await createRedoJob(client, {
        schema: 'public',
        table: 'notes',
        reason: 'reenrich',
        enrichments: ['mood'],
      });
      await until(async () => (await readRedoJob(client, job))?.state === 'done', {
        deadlineMs: DEADLINE_MS,
        what: 'the rows to be read again',
      });
      // They are in Kafka when the purse becomes smaller.
      again = await setUpAs(pipeline, onReached, 0.006);
      await using enricher = pipeline.startAs(again, 'enricher mood');
      await enricher.ready();
      await add(pipeline, NEW_ROWS);
      const { paid, unpaid } = await until(
        async () => {
          const found = await money(pipeline);
          // Nothing is taken away, and changes are scored.
          const wanted = { 'scored 1': ROWS - found.paid, 'scored 2': found.paid + NEW_ROWS };
          return found.open === 0 && isEqual(await standing(pipeline), wanted) && found;
        },
        { deadlineMs: DEADLINE_MS, what: 'each row to be paid for or noted, and new ones to be scored' },
      );
      expect(paid).toBeGreaterThan(0);
      expect(paid).toBeLessThanOrEqual(PAID_MAX);
      const passed = async (): Promise<boolean> =>
        (sumOf(await enricher.metrics(), METRIC.enricher.passed) ?? 0) >= unpaid;
      await until(passed, { deadlineMs: DEADLINE_MS, what: 'the enricher to count them as passed' });
      const closed = async (): Promise<boolean> =>
        (sumOf(await reader.metrics(), METRIC.reader.windowsClosed) ?? 0) > 0;
      await until(closed, { deadlineMs: DEADLINE_MS, what: 'the reader to have looked' });
      expect(sumOf(await reader.metrics(), METRIC.reader.windowShortfall) ?? 0).toBe(0);
    }
    const { unpaid: noted } = await money(pipeline);
    // As if midnight had passed.
    await client.query('update afterglow_internal.ledger set day = day - 1');
    await client.query('update afterglow_internal.leases set day = day - 1');
    await using next = pipeline.startAs(again, 'enricher mood');
    await next.ready();
    await becomes(pipeline, { 'scored 2': ROWS + NEW_ROWS });
    expect((await listRedoJobs(client, 1))[0]).toMatchObject({
      reason: 'over_budget',
      byKeys: true,
      enrichments: ['mood'],
      estimatedRows: noted,
    });
  },
);
