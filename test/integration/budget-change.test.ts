// Another limit, registered while everything runs.
import { expect, test } from 'vitest';
import { applyInit } from '../../services/cli/init/apply.ts';
import type { Budget } from '../../shared/config/definition.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const TEST_MAX_MS = 600_000;
const DEADLINE_MS = 120_000;
const NOTES = 'create table notes (id bigint generated always as identity primary key, body text not null)';

/** Each note costs $0.0003. */
const withBudget = (text: string): string => `version: 1
${/^pipeline: .*$/m.exec(text)?.[0]}
sources:
  notes: { table: public.notes, partitions: 3 }
enrichments:
  mood:
    from: notes
    model: { kind: comprehend, language: { detect: never, fallback: en }, rate: 1000/s }
    input: [body]
budget: { daily_usd: 0.003 }
`;

/** Each of them different, so that none is known already. */
const add = async ({ client }: TestPipeline, from: number, to: number): Promise<void> => {
  await client.query(
    "insert into notes (body) select 'note ' || n || ' works well' from generate_series($1::int4, $2::int4) n",
    [from, to],
  );
};

const becomes = async ({ client }: TestPipeline, wanted: Readonly<Record<string, number>>): Promise<void> => {
  const reached = async (): Promise<boolean> => {
    const { rows } = await client.query<{ status: string; count: number }>(
      'select status, count(*)::int4 as count from afterglow_internal.state_mood group by status order by status',
    );
    const found = Object.fromEntries(rows.map(({ status, count }) => [status, count]));
    return JSON.stringify(found) === JSON.stringify(wanted);
  };
  await until(reached, { deadlineMs: DEADLINE_MS, what: JSON.stringify(wanted) });
};

/** As `afterglow init` does. */
async function register(
  { client, definition }: TestPipeline,
  changes: Partial<Budget> | undefined,
): Promise<void> {
  const { budget, ...unlimited } = definition;
  if (budget === undefined) throw new Error('the definition of this test has no budget');
  const changed = changes === undefined ? unlimited : { ...unlimited, budget: { ...budget, ...changes } };
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
  const { steps } = await applyInit(client, admin, { definition: changed });
  await admin.close();
  expect(steps.map(({ title }) => title)).toEqual(['budget']);
}

test('services that run go by the limit that was registered last, and without one no row stays over it', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline(18, withBudget, NOTES);
  await pipeline.start('reader', 'writer').ready();
  {
    await using enricher = pipeline.start('enricher mood');
    await enricher.ready();
    await add(pipeline, 1, 20);
    await becomes(pipeline, { scored: 10 });
    await register(pipeline, { daily_usd: 0.006 });
    await becomes(pipeline, { scored: 20 });
    await register(pipeline, { daily_usd: 0.006, on_reached: 'skip' });
    await add(pipeline, 21, 25);
    await becomes(pipeline, { over_budget: 5, scored: 20 });
  }
  await register(pipeline, undefined);
  // By the file that both were started with there is a limit still.
  await pipeline.start('enricher mood').ready();
  await becomes(pipeline, { scored: 25 });
});
