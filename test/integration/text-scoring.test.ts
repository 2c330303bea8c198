// Texts judged and turned into vectors: what features C1, C2, C4 and D1 promise.
import { DetectSentimentCommand } from '@aws-sdk/client-comprehend';
import { expect, test } from 'vitest';
import { startAwsLocal } from '../../services/aws-local/main.ts';
import { enrichment as enrichmentSchema } from '../../shared/config/definition.ts';
import { openModel } from '../../shared/models/index.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { awsSdkClients } from '../support/aws-sdk.ts';
import { createEnrichment } from '../support/enrichment.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { PRAISE } from '../support/praise.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 400_000;
const NEVER = new AbortController().signal;
const BYTES_MAX = 5_000;

test('25 texts in one call: labels and scores are the service’s own; one of 5,001 bytes is cut and flagged, its 24 neighbours are not', async () => {
  await using awsLocal = await disposable(startAwsLocal({ port: 0, seed: 1 }));
  const clients = awsSdkClients(awsLocal.url);
  const words = [
    'excellent and very happy',
    'terrible and broken',
    'a cable of two metres',
    'good but broken',
  ];
  const texts = Array.from({ length: 25 }, (_, place) => `Number ${place} is ${words[place % 4]}.`);
  const long = 'It is excellent. '
    .repeat(300)
    .slice(0, BYTES_MAX)
    .padEnd(BYTES_MAX + 1, 'x');
  texts[13] = long;
  const model = { kind: 'comprehend' };
  const enrichment = enrichmentSchema.parse({ from: 'rows', model, input: ['body'] });
  using opened = await openModel(enrichment, { mode: 'local', endpoint: awsLocal.url }, 4);
  const rows = texts.map((input) => ({ input, language: 'en' }));
  const items = rows.flatMap((row) => {
    const asked = opened.model.itemsOf(row);
    return asked.kind === 'items' ? asked.items : [];
  });
  const outcomes = await opened.model.call(items, NEVER);
  expect(awsLocal.control.calls().operations).toMatchObject([{ calls: 1, rows: 25 }]);
  for (const [place, row] of rows.entries()) {
    const [item, outcome] = [items[place], outcomes[place]];
    if (item === undefined || outcome?.kind !== 'ok') throw new Error(`text ${place} has no result`);
    const { label, confidence, positive, negative, neutral, mixed, truncated } = opened.model.resultOf(
      row,
      [item],
      [outcome.result],
    );
    const asked = place === 13 ? long.slice(0, BYTES_MAX) : row.input;
    const own = await clients.comprehend.send(
      new DetectSentimentCommand({ Text: asked, LanguageCode: 'en' }),
    );
    const { Positive, Negative, Neutral, Mixed } = own.SentimentScore ?? {};
    expect({ label, positive, negative, neutral, mixed, truncated }).toEqual({
      label: own.Sentiment,
      positive: Positive,
      negative: Negative,
      neutral: Neutral,
      mixed: Mixed,
      truncated: place === 13,
    });
    expect(confidence).toBe(Math.max(Positive ?? 0, Negative ?? 0, Neutral ?? 0, Mixed ?? 0));
  }
  clients.close();
});

/** Languages without sentiment. */
const UNSUPPORTED = {
  nl: 'Prachtige lamp, heel tevreden.',
  pl: 'Wspaniała lampa, bardzo zadowolony.',
} as const;
const SENTIMENT = `  sentiment:
    from: payments
    model: { kind: comprehend, language: { column: place } }
    input: [note.orValue("")]
`;

test('14 languages: no call mixes two, the two without sentiment are skipped, and nothing is detected where a column tells', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using setting = await createEnrichment(SENTIMENT);
  const EACH = 5;
  const told = Object.entries({ ...PRAISE, ...UNSUPPORTED }).flatMap(([place, text]) =>
    Array.from({ length: EACH }, (_, number) => ({ place, note: `${text} ${number}` })),
  );
  const untold = [PRAISE.de, PRAISE.fr].map((note) => ({ place: '', note: `${note} ${note}` }));
  const payments = [...told, ...untold].map((payment, id) => ({ id, ...payment }));
  await setting.publish(payments);
  setting.start('sentiment');
  const outcomes = await setting.settled(payments.length, 'sentiment', DEADLINE_MS);
  const byId = new Map(outcomes.map((event) => [Number(event.key.id), event]));
  for (const [id, { place }] of told.entries()) {
    const event = byId.get(id);
    if (place in UNSUPPORTED)
      expect(event).toMatchObject({ status: 'skipped', reason: 'unsupported_language' });
    else {
      const result = { label: 'POSITIVE', language: place, language_origin: 'column' };
      expect(event).toMatchObject({ status: 'scored', result });
    }
  }
  expect(untold.map((_, place) => byId.get(told.length + place))).toMatchObject([
    { result: { language: 'de', language_origin: 'detected' } },
    { result: { language: 'fr', language_origin: 'detected' } },
  ]);
  const { operations } = setting.awsLocal.control.calls();
  const countOf = (name: string) => operations.find(({ operation }) => operation === name);
  expect(countOf('BatchDetectDominantLanguage')?.rows).toBe(untold.length);
  const sentiment = countOf('BatchDetectSentiment');
  expect(sentiment?.rows).toBe(Object.keys(PRAISE).length * EACH + untold.length);
  // Sixty texts would fit into three calls, if languages could share one.
  expect(sentiment?.calls).toBeGreaterThanOrEqual(Object.keys(PRAISE).length);
});

async function disposable<Thing extends { close(): Promise<void> }>(
  opening: Promise<Thing>,
): Promise<Thing & AsyncDisposable> {
  const thing = await opening;
  return Object.assign(thing, { [Symbol.asyncDispose]: () => thing.close() });
}

async function write(client: DatabaseClient, body: string, language = 'en'): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into reviews (customer_id, product_name, rating, language, body) values (1, 'Lamp', 3, $2, $1) returning id`,
    [body, language],
  );
  return rows[0]?.id ?? '';
}

async function countsOf(client: DatabaseClient): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<{ status: string; count: number }>(
    'select sentiment_status as status, count(*)::int4 as count from afterglow.reviews_enriched group by 1 order by 1',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

const becomes = (client: DatabaseClient, expected: Readonly<Record<string, number>>): Promise<true> =>
  until(async () => JSON.stringify(await countsOf(client)) === JSON.stringify(expected), {
    deadlineMs: DEADLINE_MS,
    what: `outcomes ${JSON.stringify(expected)}`,
  });

const paidOf = ({ awsLocal }: TestPipeline): number =>
  awsLocal.control.calls().operations.reduce((sum, { paid_units }) => sum + paid_units, 0);

async function reviewsPipeline(): Promise<TestPipeline> {
  const pipeline = await createPipeline();
  await pipeline.client.query(
    "insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')",
  );
  return pipeline;
}

test('every row has one status, and they sum up to the rows; the same text again makes no call', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await reviewsPipeline();
  const { client, awsLocal } = pipeline;
  await pipeline.start('reader', 'writer').ready();
  const praise = 'A wonderful lamp, and its light is warm.';
  {
    await using enricher = pipeline.start('enricher sentiment');
    await enricher.ready();
    const poison = awsLocal.control.addFault({
      input: { contains: 'poison' },
      fault: { kind: 'item_error' },
    });
    await write(client, 'The poison of this text is only a word.');
    await until(() => awsLocal.control.faults().find(({ id }) => id === poison)?.struck, {
      deadlineMs: DEADLINE_MS,
      what: 'the text to be refused',
    });
    await write(client, praise);
    await write(client, 'A terrible lamp, it was broken.');
    await write(client, 'Too short.');
    await write(client, 'Prachtige lamp, heel tevreden met de kwaliteit.', 'nl');
    await becomes(client, { failed: 1, scored: 2, skipped: 2 });
  }
  await write(client, 'Nobody has looked at this one yet.');
  await write(client, praise);
  const counts = await countsOf(client);
  expect(counts).toEqual({ failed: 1, pending: 2, scored: 2, skipped: 2 });
  const { rows } = await client.query<{ count: number }>('select count(*)::int4 as count from reviews');
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(rows[0]?.count);

  const before = paidOf(pipeline);
  await pipeline.start('enricher sentiment').ready();
  await becomes(client, { failed: 1, scored: 4, skipped: 2 });
  // Three units of 100 characters are the least that a text costs; the other one was paid for in another row.
  const paid = before + 3;
  expect(paidOf(pipeline)).toBe(paid);
  await write(client, praise);
  await becomes(client, { failed: 1, scored: 5, skipped: 2 });
  expect(paidOf(pipeline)).toBe(paid);
});

test('a text of 9,000 tokens has several vectors; another column changed makes no call, and the row deleted takes all of them along', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await reviewsPipeline();
  const { client, awsLocal } = pipeline;
  await pipeline.start('reader', 'enricher embedding', 'writer').ready();
  const id = await write(client, Array.from({ length: 9_000 }, (_, word) => `w${word % 100}`).join(' '));
  const chunks = async (): Promise<number> => {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int4 as count from afterglow.embedding where id = $1 and embedding is not null',
      [id],
    );
    return rows[0]?.count ?? 0;
  };
  await until(async () => (await chunks()) > 0, { deadlineMs: DEADLINE_MS, what: 'the vectors' });
  const several = await chunks();
  expect(several).toBeGreaterThan(1);
  const asked = awsLocal.control.calls().operations;
  expect(asked).toMatchObject([{ operation: 'InvokeModel', calls: several }]);
  expect(asked[0]?.paid_units).toBeGreaterThanOrEqual(9_000);

  const position = async (): Promise<string | undefined> => {
    const { rows } = await client.query<{ lsn: string }>(
      'select commit_lsn::text as lsn from afterglow_internal.state_embedding where key_id = $1',
      [id],
    );
    return rows[0]?.lsn;
  };
  const before = await position();
  await client.query('update reviews set helpful_votes = 3 where id = $1', [id]);
  await until(async () => (await position()) !== before, {
    deadlineMs: DEADLINE_MS,
    what: 'the outcome of the update',
  });
  expect([await chunks(), awsLocal.control.calls().operations]).toEqual([several, asked]);
  await client.query('delete from reviews where id = $1', [id]);
  await until(async () => (await chunks()) === 0, { deadlineMs: DEADLINE_MS, what: 'the vectors to go' });
});
