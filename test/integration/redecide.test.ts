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
import { commandLine } from '../support/command-line.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { projectFolder } from '../support/project-folder.ts';
import { FRAUD, scored, setUp, write } from '../support/side-tables.ts';
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

/** Its earlier revisions had another model, and a flag. */
const GROWN = `version: 1
sources:
  notes: { table: public.notes, partitions: 1 }
enrichments:
  mood:
    from: notes
    model: { kind: comprehend, language: { fallback: en } }
    input: [body]
  never:
    from: notes
    model: { kind: sagemaker, endpoint: never-xgboost, version: "1" }
    input: [id]
    output: { score: float }
`;
const NOTES = `create table notes (id bigint primary key, body text not null);
  insert into notes select n, 'a text' from generate_series(1, 8) n; analyze notes`;
/** Of six rows: two of another model, one of them failed, and four of this one, one of them filtered out and one failed. */
const HISTORY = `update afterglow_internal.revisions set revision = 3 where enrichment = 'mood';
  insert into afterglow_internal.revisions (enrichment, revision, sha256, content)
    select enrichment, 2, 'two', content || '{"flag": "negative > 0.5"}' from afterglow_internal.revisions where enrichment = 'mood';
  insert into afterglow_internal.revisions (enrichment, revision, sha256, content)
    select enrichment, 1, 'one', jsonb_set(content, '{model,language,fallback}', '"de"') from afterglow_internal.revisions
     where enrichment = 'mood' and revision = 3;
  insert into afterglow_internal.state_mood (key_id, epoch, commit_lsn, event_index, revision, status, as_of, committed_at)
    select id, 1, '0/1', id, revision, status, now(), now()
      from (values (1, 1, 'scored'), (2, 1, 'failed'), (3, 2, 'scored'), (4, 2, 'skipped'), (5, 2, 'failed'), (6, 3, 'scored'))
        as known(id, revision, status)`;

test('redecide leaves out what another model answered and says so, takes away a flag that is gone, prices what was never asked', {
  timeout: 120_000,
}, async () => {
  const grown = (shipped: string): string => `pipeline: ${nameOf(shipped)}\n${GROWN}`;
  await using pipeline = await createPipeline(18, grown, NOTES);
  const { client } = pipeline;
  await using cli = await commandLine(pipeline, grown);
  await client.query(HISTORY);
  const never = await cli.run('redecide', 'never', '--detach');
  expect([never.status, never.error.includes('neither `flag` nor `decide`')]).toEqual([2, true]);

  const redecided = await cli.run('redecide', 'mood', '--detach');
  expect(redecided.status, redecided.error).toBe(0);
  expect(redecided.error).toContain('Rows left out: 1.');
  expect(redecided.error).toContain('`afterglow reenrich mood` has them');
  const { rows: jobs } = await client.query<{ condition: string }>(
    "select condition from afterglow_internal.redo_jobs where reason = 'redecide'",
  );
  const { rows } = await client.query<{ id: string }>(
    `select id from notes where ${jobs[0]?.condition} order by id`,
  );
  expect(rows.map(({ id }) => id)).toEqual(['3', '4', '6', '7', '8']);
  const others = await cli.run('redecide', 'mood', '--detach', '--where', 'id > 1');
  expect([others.status, others.error.includes('Rows left out')]).toEqual([0, false]);

  // Rows 7 and 8 have no outcome, and are dear.
  await client.query("update notes set body = repeat('a dear text ', 3000) || id where id > 6");
  const dear = (shipped: string): string => `${grown(shipped)}prices: { comprehend_unit_usd: 0.02 }\n`;
  await using rich = await commandLine(pipeline, dear);
  const asked = await rich.run('redecide', 'mood', '--detach');
  expect([asked.status, asked.error], asked.error).toEqual([4, expect.stringContaining('nobody agreed')]);
  const known = await rich.run('redecide', 'mood', '--detach', '--where', 'id < 7');
  expect(known.status, known.error).toBe(0);
});

test('a result that is judged by nothing any more loses its flag and its decision, also where all else repeats', async () => {
  await using setting = await setUp(FRAUD);
  const judged = async (): Promise<unknown> =>
    (await setting.client.query('select score, flagged, decision from afterglow.fraud')).rows[0];
  const decision = { action: 'hold', rule: 'score >= 0.9', policy_version: 'one' };
  await write(setting, [scored(1, 1, 0.95, { decision })]);
  expect(await judged()).toEqual({ score: '0.95', flagged: true, decision: 'hold' });
  const { flagged: _, ...unjudged } = scored(1, 2, 0.95, { revision: 2, cached: true });
  await write(setting, [unjudged]);
  expect(await judged()).toEqual({ score: '0.95', flagged: null, decision: null });
});

const nameOf = (shipped: string): string => /pipeline: (\w+)/.exec(shipped)?.[1] ?? '';
