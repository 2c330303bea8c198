// Rows scored by a model of numbers, from the commit to whoever reads the score: what features B1, B3 and B4 promise.
import { describe, expect, test } from 'vitest';
import { applyInit } from '../../services/cli/init/apply.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { type EnrichedEvent, enrichedEvent } from '../../shared/contracts/events.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createEnrichment, fraud } from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 400_000;

/** amount, attempts, card present, at, kilometres from home, category; and the score that the fixed coefficients give. */
const FIXTURES = [
  [25, 1, true, '2026-11-20 12:00:00+00', 3.2, 'grocery', 0.0034],
  [1.2, 9, false, '2026-11-20 02:00:00+00', null, 'digital', 0.9998],
  [2_400, 1, false, '2026-11-20 03:30:00+02', 7_800, 'electronics', 0.9993],
  [60, 2, true, '2026-11-20 23:30:00+00', 12, 'restaurant', 0.0332],
  [310, 1, false, '2026-11-20 15:00:00+00', null, 'travel', 0.1093],
] as const;
const FLAGGED = ['2', '3'];

async function addCustomer(client: DatabaseClient): Promise<void> {
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
}

async function payFixtures(client: DatabaseClient): Promise<void> {
  await addCustomer(client);
  for (const [amount, attempts, present, at, distance, category] of FIXTURES) {
    await client.query(
      `insert into transactions (customer_id, amount, attempts_10m, card_present, occurred_at, distance_from_home_km, merchant_category,
         merchant_name, merchant_country, card_last4) values (1, $1, $2, $3, $4, $5, $6, 'Shop', 'US', '4242')`,
      [amount, attempts, present, at, distance, category],
    );
  }
}

const askedRows = ({ awsLocal }: Pick<TestPipeline, 'awsLocal'>): number =>
  awsLocal.control.calls().operations.reduce((sum, { rows }) => sum + rows, 0);

async function outcomesOf({ definition }: TestPipeline): Promise<readonly EnrichedEvent[]> {
  const records = await readTopic(enrichedTopic(definition.pipeline, 'fraud'));
  return records.flatMap(({ value }) =>
    value === null ? [] : [enrichedEvent.parse(JSON.parse(String(value)))],
  );
}

interface Shown {
  readonly id: string;
  readonly score: string;
  readonly flagged: boolean;
}
const shown = async (client: DatabaseClient): Promise<readonly Shown[]> =>
  (
    await client.query<Shown>(
      'select id, fraud_score as score, fraud_flagged as flagged from afterglow.transactions_enriched where fraud_score is not null order by id',
    )
  ).rows;

/** `init` with another threshold, as a user edits the definition. */
async function redefine({ client, definition }: TestPipeline, flag: string): Promise<Definition> {
  const { fraud: before, ...others } = definition.enrichments;
  if (before === undefined) throw new Error('the definition has fraud');
  const redefined = { ...definition, enrichments: { ...others, fraud: { ...before, flag } } };
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
  await applyInit(client, admin, { definition: redefined });
  await admin.close();
  return redefined;
}

test('fixture payments get their known scores, flagged ones reach the topic, and a new threshold makes no call', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline();
  const { client } = pipeline;
  await pipeline.start('reader').ready();
  {
    await using services = pipeline.start('enricher', 'writer');
    await services.ready();
    await payFixtures(client);
    await until(async () => (await shown(client)).length === FIXTURES.length, {
      deadlineMs: DEADLINE_MS,
      what: 'every fixture to have its score',
    });
  }
  const rows = await shown(client);
  expect(rows.map(({ score }) => Number(Number(score).toFixed(4)))).toEqual(
    FIXTURES.map((fixture) => fixture[6]),
  );
  const events = firstsOf(await outcomesOf(pipeline));
  const flaggedIds = events.flatMap((event) =>
    event.status === 'scored' && event.flagged === true ? [event.key.id] : [],
  );
  expect(flaggedIds.toSorted()).toEqual(FLAGGED);
  expect(rows.flatMap(({ id, flagged }) => (flagged ? [id] : []))).toEqual(FLAGGED);

  const asked = askedRows(pipeline);
  const redefined = await redefine(pipeline, 'score >= 0.1');
  // Neither enricher nor writer goes on with a definition that is not the registered one.
  await pipeline.startAs(redefined, 'enricher', 'writer').ready();
  await client.query("update transactions set status = 'settled'");
  await until(async () => (await shown(client)).filter(({ flagged }) => flagged).length === 3, {
    deadlineMs: DEADLINE_MS,
    what: 'the lower threshold to flag one more',
  });
  expect((await shown(client)).map(({ score }) => score)).toEqual(rows.map(({ score }) => score));
  expect(askedRows(pipeline)).toBe(asked);
});

test('one bad row in 500: 499 are scored, 1 is archived', { timeout: TEST_MAX_MS }, async () => {
  await using setting = await createEnrichment(fraud('fraud', 100));
  setting.awsLocal.control.addFault({
    input: { column: 0, equals: 250.5 },
    fault: { kind: 'model_error', original_status: 400 },
  });
  await setting.publish(Array.from({ length: 500 }, (_, id) => ({ id })));
  setting.start();
  const outcomes = firstsOf(await setting.settled(500));
  expect(outcomes.filter(({ status }) => status === 'scored').length).toBe(499);
  expect(outcomes.flatMap(({ status, key }) => (status === 'failed' ? [key.id] : []))).toEqual(['250']);
  expect(await setting.archived()).toBe(1);
});

describe('a score', () => {
  test('is filtered and ranked by its index: 1,000 reads ask no model', {
    timeout: TEST_MAX_MS,
  }, async () => {
    await using pipeline = await createPipeline();
    const { client } = pipeline;
    await addCustomer(client);
    await pipeline.start('reader', 'enricher', 'writer').ready();
    const ROWS = 3_000;
    await client.query(
      `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
       select 1, n, 'Shop', 'digital', 'US', '4242', false from generate_series(1, $1::int4) n`,
      [ROWS],
    );
    await until(async () => (await shown(client)).length === ROWS, {
      deadlineMs: DEADLINE_MS,
      what: 'every row to have its score',
    });
    const asked = askedRows(pipeline);
    expect(asked).toBe(ROWS);
    await client.query('analyze');
    const query = `select id, amount, fraud_score from afterglow.transactions_enriched
                    where fraud_score >= $1 order by fraud_score desc limit 10`;
    const { rows: plan } = await client.query<Record<string, string>>(
      `explain ${query.replace('$1', '0.5')}`,
    );
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain(
      'Index Scan Backward using "fraud-ranked"',
    );
    for (let read = 0; read < 1_000; read++) {
      const { rows } = await client.query<{ fraud_score: string }>(query, [read / 2_000]);
      const scores = rows.map(({ fraud_score }) => Number(fraud_score));
      expect(scores).toEqual(scores.toSorted((one, other) => other - one));
    }
    expect(askedRows(pipeline)).toBe(asked);
  });

  test('that is not there yet is counted by its status', { timeout: TEST_MAX_MS }, async () => {
    await using pipeline = await createPipeline();
    const { client, awsLocal } = pipeline;
    await pipeline.start('reader', 'enricher', 'writer').ready();
    awsLocal.control.addFault({ fault: { kind: 'error', status: 503 } });
    await payFixtures(client);
    const { rows } = await client.query(
      `select count(*) filter (where fraud_score >= 0)::int4 as filtered, count(*) filter (where fraud_status = 'pending')::int4 as pending
         from afterglow.transactions_enriched`,
    );
    expect(rows).toEqual([{ filtered: 0, pending: FIXTURES.length }]);
  });
});

test('what the enrichment does not declare never leaves: the model sees the input columns alone', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline();
  const { client, awsLocal } = pipeline;
  await addCustomer(client);
  const bend = { kind: 'error', status: 500 } as const;
  const undeclared = awsLocal.control.addFault({ input: { contains: 'Zyxwvut' }, fault: bend });
  const declared = awsLocal.control.addFault({ input: { contains: 'lampshade' }, fault: bend, calls: 1 });
  await pipeline.start('reader', 'enricher sentiment', 'enricher embedding', 'writer').ready();
  await client.query(
    `insert into reviews (customer_id, product_name, rating, language, title, body)
     values (1, 'Zyxwvut', 5, 'en', 'Lovely', 'The lampshade is beautiful and the light is warm.')`,
  );
  const isDone = async (): Promise<boolean> => {
    const { rows } = await client.query(
      "select from afterglow.reviews_enriched where sentiment_status = 'scored' and embedding_status = 'scored'",
    );
    return rows.length === 1;
  };
  await until(isDone, { deadlineMs: DEADLINE_MS, what: 'both outcomes' });
  const struck = (id: number) => awsLocal.control.faults().find((fault) => fault.id === id)?.struck;
  expect(struck(declared)).toBe(1);
  expect(struck(undeclared)).toBe(0);
});
