// A new threshold or policy reaches the results that are there, on the topic and in the view, without a single call.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyInit } from '../../services/cli/init/apply.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { startChild } from '../support/child.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { projectFolder } from '../support/project-folder.ts';
import { brokers } from '../support/stack.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const ROWS = 10_000;
const TABLES = `create table payments (id bigint generated always as identity primary key, amount float8 not null, paid_at timestamptz not null);
  insert into payments (amount, paid_at) select n, now() - interval '3 hours' - n * interval '1 minute' from generate_series(1, ${ROWS}) n`;

/** The input grows older by itself: only the \`now\` of the stored result makes it the same again. */
const text = (pipeline: string, policy: string): string => `version: 1
pipeline: ${pipeline}
sources:
  payments: { table: public.payments, partitions: 2 }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1", batch: { rows: 100, wait: 10ms } }
    input: [amount, a: "1", b: "1", age: (now - paid_at).getSeconds(), c: "-1", d: "2"]
    output: { score: float }
${policy}`;
const BEFORE = '    flag: score >= 2.0\n    decide: [accept]\n';
const AFTER = '    flag: score >= 0.0\n    decide: [{ hold: score >= 0.0 }, accept]\n';

async function decided({ client }: TestPipeline, decision: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'select count(*)::int4 as count from afterglow.payments_enriched where fraud_decision = $1',
    [decision],
  );
  return rows[0]?.count ?? 0;
}

const callsOf = ({ awsLocal }: TestPipeline): number =>
  awsLocal.control.calls().operations.reduce((sum, count) => sum + count.calls, 0);

/** What each result was made from, and what it says. */
async function judged({ client }: TestPipeline): Promise<readonly unknown[]> {
  const { rows } = await client.query(
    "select key_id, as_of, encode(input_hash, 'hex') as hash, score from afterglow_internal.state_fraud join afterglow.fraud on id = key_id order by key_id",
  );
  return rows;
}

test('a new policy over 10,000 stored results: no call, every decision new, each result as of when it was made', {
  timeout: 400_000,
}, async () => {
  await using pipeline = await createPipeline(18, (shipped) => text(nameOf(shipped), BEFORE), TABLES);
  const { client, definition, environment } = pipeline;
  await using first = pipeline.start('reader', 'enricher', 'writer');
  await first.ready();
  await until(async () => (await decided(pipeline, 'accept')) === ROWS, {
    deadlineMs: DEADLINE_MS,
    what: 'the first decisions',
  });
  await first[Symbol.asyncDispose]();
  const before = await judged(pipeline);
  const calls = callsOf(pipeline);

  const changed = text(definition.pipeline, AFTER);
  const again = parseDefinition(changed, 'afterglow.yaml', {}).definition;
  if (again === undefined) throw new Error('the new definition cannot be read');
  const admin = await connectKafkaAdmin({
    brokers: [brokers()],
    clientId: 'test',
    logger: createLogger('test', 'silent'),
  });
  await applyInit(client, admin, { definition: again });
  await admin.close();
  await using second = pipeline.startAs(again, 'reader', 'enricher', 'writer');
  await second.ready();
  await using folder = projectFolder();
  writeFileSync(join(folder.path, 'afterglow.yaml'), changed);
  await using command = await startChild(
    'services/cli/main.ts',
    ['--config', join(folder.path, 'afterglow.yaml'), 'redecide', 'fraud'],
    { environment },
  );
  expect(await command.ended).toEqual({ status: 0, signal: null });
  await until(async () => (await decided(pipeline, 'hold')) === ROWS, {
    deadlineMs: DEADLINE_MS,
    what: 'the new decisions',
  });
  expect(callsOf(pipeline)).toBe(calls);
  expect(await judged(pipeline)).toEqual(before);
  const events = (await readTopic(enrichedTopic(definition.pipeline, 'fraud'))).map(
    ({ value }) => JSON.parse(String(value)) as EnrichedEvent,
  );
  const decisions = events.filter(({ revision }) => revision === 2);
  expect(new Set(decisions.map(({ key }) => key.id)).size).toBe(ROWS);
  for (const event of decisions) {
    expect(event).toMatchObject({ status: 'scored', cached: true, cost_nano_usd: 0, flagged: true });
    expect(event.as_of < event.source.committed_at).toBe(true);
  }
});

const nameOf = (shipped: string): string => /pipeline: (\w+)/.exec(shipped)?.[1] ?? '';
