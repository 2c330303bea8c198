// Every event that the real pipeline puts on its topics is one that the published schemas describe, field by field.
import { Ajv, type ValidateFunction } from 'ajv';
import { expect, test } from 'vitest';
import { initTopics } from '../../services/cli/init/topics.ts';
import { resultSchema } from '../../services/cli/topics/asyncapi.ts';
import { decodeVectors, NewestResults, readEnriched } from '../../shared/client/index.ts';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { type PublishedName, publishedSchema } from '../../shared/contracts/published/json-schemas.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import type { FollowedRecord } from '../../shared/kafka/follow.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { readThrough } from '../../shared/kafka/read-through.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';
import { everythingWritten } from '../support/written.ts';

const DEADLINE_MS = 120_000;
const AMOUNT_COLUMN = 0;
const KAFKA = () => ({ brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') });

const ajv = new Ajv({ strict: true, allowUnionTypes: true });
const compiled = new Map<string, ValidateFunction>();
const validator = (name: PublishedName): ValidateFunction => {
  const known = compiled.get(name) ?? ajv.compile(publishedSchema(name, 'writers'));
  compiled.set(name, known);
  return known;
};
const EVENT_OF = { cdc: 'change-event', enriched: 'enriched-event', dead: 'dead-letter' } as const;

async function recordsOf(topic: string): Promise<readonly FollowedRecord[]> {
  const records: FollowedRecord[] = [];
  for await (const record of readThrough(KAFKA(), topic, new AbortController().signal)) records.push(record);
  return records;
}

function expectValid(name: PublishedName, value: unknown): void {
  const validate = validator(name);
  expect(validate(value), `${name}: ${JSON.stringify(validate.errors)} of ${JSON.stringify(value)}`).toBe(
    true,
  );
}

/** What has no value has no headers either; what has one is a CloudEvent wherever the contract says so. */
function expectPublished(kind: keyof typeof EVENT_OF, { key, value, headers = {} }: FollowedRecord): void {
  const texts = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)]));
  expect(JSON.parse(String(key))).toBeTypeOf('object');
  if (value !== null) expectValid(EVENT_OF[kind], JSON.parse(String(value)));
  if (value === null || kind === 'cdc') expect(texts).toEqual({});
  else expectValid('cloud-event-headers', texts);
}

const PAYMENT = `insert into transactions (customer_id, kind, amount, merchant_name, merchant_category, merchant_country, card_last4,
  card_present, attempts_10m) values (1, $1, $2, 'Shop', 'digital', 'US', '4242', false, 9) returning id`;
const REVIEW =
  "insert into reviews (customer_id, product_name, rating, language, body) values (1, 'Lamp', 3, $1, $2) returning id";

async function write({ client }: TestPipeline): Promise<void> {
  const insert = async (text: string, values: readonly unknown[]): Promise<string> =>
    (await client.query<{ id: string }>(text, [...values])).rows[0]?.id ?? '';
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
  await insert(PAYMENT, ['purchase', 1.2]);
  await client.query('truncate transactions cascade');
  const [deleted] = [await insert(PAYMENT, ['purchase', 2]), await insert(PAYMENT, ['refund', 3])];
  await insert(PAYMENT, ['purchase', 66.6]);
  await insert(PAYMENT, ['purchase', 250]);
  const moved = await insert(PAYMENT, ['purchase', 4]);
  await client.query('delete from transactions where id = $1', [deleted]);
  await client.query('update transactions set id = default where id = $1', [moved]);
  await client.query("update transactions set status = 'settled'");
  for (const [language, body] of [
    ['de', 'Eine wunderbare Lampe, ich bin sehr zufrieden.'],
    [null, 'Absolutely wonderful, I would buy this lamp again at once.'],
    ['nl', 'Prachtige lamp, heel tevreden met de kwaliteit.'],
    ['en', `${'A sentence about this lamp, which is long enough. '.repeat(100)}\n\n`.repeat(3)],
    ['en', '  '],
  ]) {
    await insert(REVIEW, [language, body]);
  }
}

async function allSettled({ client }: TestPipeline): Promise<void> {
  await until(
    async () => {
      const { rows } = await client.query<{ pending: boolean }>(
        `select exists (select from afterglow.transactions_enriched where fraud_status = 'pending')
             or exists (select from afterglow.reviews_enriched where sentiment_status = 'pending' or embedding_status = 'pending')
             or (select count(*) from afterglow.transactions_enriched where fraud_status = 'failed') <> 1 as pending`,
      );
      return rows[0]?.pending === false;
    },
    { deadlineMs: DEADLINE_MS, what: 'every row to have its outcomes' },
  );
}

test('every event of a run with all outcomes is as published, and the client shows what the tables hold', {
  timeout: 400_000,
}, async () => {
  await using pipeline = await createPipeline();
  const { client, definition, awsLocal } = pipeline;
  awsLocal.control.addFault({
    input: { column: AMOUNT_COLUMN, equals: 66.6 },
    fault: { kind: 'model_error', original_status: 400 },
  });
  const services = ['reader', 'enricher', 'enricher sentiment', 'enricher embedding', 'writer'] as const;
  await pipeline.start(...services).ready();
  await write(pipeline);
  await allSettled(pipeline);
  await everythingWritten(pipeline);
  {
    // What the writer cannot read goes to the archive of its enrichment.
    await using producer = await connectProducer(KAFKA());
    const topic = enrichedTopic(definition.pipeline, 'fraud');
    const archived = await recordsOf(`${definition.pipeline}.dead.fraud`);
    await producer.send([{ topic, partition: 0, key: '{"id":"0"}', value: '{"op":"c"}' }]);
    const more = async () => (await recordsOf(`${definition.pipeline}.dead.fraud`)).length > archived.length;
    await until(more, { deadlineMs: DEADLINE_MS, what: 'the strange record to be archived' });
  }

  const statuses = new Set<string>();
  const stages = new Set<string>();
  for (const { topic, kind, of } of initTopics(definition)) {
    if (kind !== 'cdc' && kind !== 'enriched' && kind !== 'dead') continue;
    const enrichment = definition.enrichments[of ?? ''];
    const validateResult =
      kind === 'enriched' && enrichment !== undefined ? resultValidator(enrichment) : undefined;
    for (const record of await recordsOf(topic)) {
      if (String(record.value) === '{"op":"c"}') continue;
      expectPublished(kind, record);
      const event = JSON.parse(String(record.value ?? '{}')) as EnrichedEvent & { readonly stage?: string };
      if (kind === 'dead') stages.add(event.stage ?? '');
      if (kind !== 'enriched') continue;
      statuses.add(
        record.value === null ? 'tombstone' : `${event.status}${'reason' in event ? ` ${event.reason}` : ''}`,
      );
      if (event.status !== 'scored' || validateResult === undefined) continue;
      expect(validateResult(event.result), `${of}: ${JSON.stringify(validateResult.errors)}`).toBe(true);
    }
  }
  expect([...statuses].toSorted()).toEqual([
    'deleted',
    'failed',
    'scored',
    'skipped empty_input',
    'skipped unsupported_language',
    'skipped when',
    'tombstone',
    'truncated',
  ]);
  expect([...stages].toSorted()).toEqual(['enrich', 'write']);

  const of = {
    brokers: [brokers()],
    pipeline: definition.pipeline,
    read: 'present',
    onUnreadable: () => {},
  } as const;
  const scores = new NewestResults<{ readonly score: number }>({ keysMax: 100 });
  const read = readEnriched<{ readonly score: number }>({ ...of, enrichment: 'fraud' });
  for await (const change of read) scores.apply(change);
  const { rows: fraud } = await client.query<{ key: string; score: string; flagged: boolean }>(
    `select '{"id":"' || id || '"}' as key, score, flagged from afterglow.fraud order by id`,
  );
  const shown = [...scores.entries()].map(([key, { result, flagged }]) => ({
    key,
    score: result.score,
    flagged,
  }));
  expect(fraud.length).toBeGreaterThan(0);
  expect(shown.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(
    fraud.map((row) => ({ ...row, score: Number(row.score) })),
  );

  const chunks: string[] = [];
  for await (const change of readEnriched({ ...of, enrichment: 'embedding', decode: decodeVectors })) {
    if (change.kind !== 'outcome' || change.event.status !== 'scored') continue;
    for (const { vector } of change.event.result.chunks) chunks.push(JSON.stringify([...vector]));
  }
  const { rows: vectors } = await client.query<{ vector: string }>(
    'select embedding::text as vector from afterglow.embedding',
  );
  expect(chunks).toHaveLength(vectors.length);
  const first = (text: string): number => Number((JSON.parse(text) as readonly number[])[0]);
  const inOrder = (texts: readonly string[]): readonly number[] => texts.map(first).toSorted((a, b) => a - b);
  // The table holds half floats.
  for (const [place, number] of inOrder(chunks).entries()) {
    expect(number).toBeCloseTo(inOrder(vectors.map(({ vector }) => vector))[place] ?? Number.NaN, 3);
  }
});

function resultValidator(enrichment: Parameters<typeof resultSchema>[0]): ValidateFunction {
  const schema = resultSchema(enrichment);
  return '$ref' in schema ? validator('embedding') : ajv.compile(schema);
}
