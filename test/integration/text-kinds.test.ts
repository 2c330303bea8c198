// The way of a text: read in its language and turned into vectors, both beside its row, through all services.
import { describe, expect, test } from 'vitest';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;

interface Written {
  readonly language?: string;
  readonly title?: string;
  readonly body: string;
}

async function write(client: DatabaseClient, reviews: readonly Written[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { language, title, body } of reviews) {
    const { rows } = await client.query<{ id: string }>(
      `insert into reviews (customer_id, product_name, rating, language, title, body) values (1, 'Lamp', 3, $1, $2, $3) returning id`,
      [language ?? null, title ?? null, body],
    );
    ids.push(rows[0]?.id ?? '');
  }
  return ids;
}

async function startedPipeline(): Promise<TestPipeline> {
  const pipeline = await createPipeline();
  await pipeline.client.query(
    "insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')",
  );
  await pipeline.start('reader', 'enricher sentiment', 'enricher embedding', 'writer').ready();
  return pipeline;
}

async function settled({ client }: TestPipeline): Promise<readonly Record<string, unknown>[]> {
  const read = async () =>
    (await client.query<Record<string, unknown>>('select * from afterglow.reviews_enriched order by id'))
      .rows;
  await until(
    async () =>
      (await read()).every((row) => row.sentiment_status !== 'pending' && row.embedding_status !== 'pending'),
    { deadlineMs: DEADLINE_MS, what: 'every review to have both outcomes' },
  );
  return await read();
}

const chunksOf = async ({ client }: TestPipeline, id: string | undefined) =>
  (
    await client.query<{ chunk: number; chunk_start: number; chunk_end: number; dimensions: number }>(
      'select chunk, chunk_start, chunk_end, vector_dims(embedding) as dimensions from afterglow.embedding where id = $1 order by chunk',
      [id],
    )
  ).rows;

describe('a text', () => {
  test('has its sentiment, its language and who said it, and a vector beside its row', async () => {
    await using pipeline = await startedPipeline();
    const reviews = [
      {
        language: 'de-AT',
        title: 'Toll',
        body: 'Großartig, ausgezeichnete Qualität, ich bin sehr zufrieden.',
      },
      { body: 'Das Paket kam leider viel zu spät und war beschädigt, ich bin sehr enttäuscht.' },
      { language: 'zh-Hant', body: '非常好的產品，品質很棒，我很滿意。真的很推薦給大家，謝謝。' },
      { language: 'nl', body: 'Prachtige lamp, heel tevreden met de kwaliteit.' },
      { language: 'en', body: 'Too short.' },
    ];
    const [first] = await write(pipeline.client, reviews);
    const rows = await settled(pipeline);
    expect(rows).toMatchObject([
      { sentiment_label: 'POSITIVE', sentiment_language: 'de', sentiment_language_origin: 'column' },
      { sentiment_label: 'NEGATIVE', sentiment_language: 'de', sentiment_language_origin: 'detected' },
      { sentiment_label: 'POSITIVE', sentiment_language: 'zh-TW', sentiment_truncated: false },
      { sentiment_status: 'skipped', sentiment_label: null },
      { sentiment_status: 'skipped', sentiment_label: null },
    ]);
    expect(rows.map((row) => row.embedding_status)).toEqual(Array(5).fill('scored'));
    expect(Object.keys(rows[0] ?? {}).filter((name) => name.startsWith('embedding'))).toEqual([
      'embedding_status',
      'embedding_scored_at',
    ]);
    const body = `Toll\n${reviews[0]?.body}`;
    expect(await chunksOf(pipeline, first)).toEqual([
      { chunk: 0, chunk_start: 0, chunk_end: [...body].length, dimensions: 1024 },
    ]);
    const { rows: reasons } = await pipeline.client.query<{ reason: string }>(
      "select reason from afterglow_internal.state_sentiment where status = 'skipped' order by key_id",
    );
    expect(reasons).toEqual([{ reason: 'unsupported_language' }, { reason: 'when' }]);
  });

  test('of several chunks is replaced as a whole by an edit, and leaves nothing behind when it goes', async () => {
    await using pipeline = await startedPipeline();
    const { client } = pipeline;
    const paragraph = `${'A sentence about this lamp, which is long enough. '.repeat(100)}\n\n`;
    const [long, other] = await write(client, [
      { language: 'en', body: paragraph.repeat(5) },
      { language: 'en', body: 'Another review, and it stays as it is.' },
    ]);
    const [row] = await settled(pipeline);
    expect(row).toMatchObject({ sentiment_truncated: true });
    const chunks = await chunksOf(pipeline, long);
    expect(chunks.length).toBeGreaterThan(2);
    for (const [place, { chunk, chunk_start }] of chunks.entries()) {
      expect([chunk, chunk_start]).toEqual([place, chunks[place - 1]?.chunk_end ?? 0]);
    }
    expect(chunks.at(-1)?.chunk_end).toBe(5 * paragraph.length);

    await client.query('update reviews set body = $2 where id = $1', [long, 'It became a short one now.']);
    await until(async () => (await chunksOf(pipeline, long)).length === 1, {
      deadlineMs: DEADLINE_MS,
      what: 'one chunk instead of several',
    });
    await client.query("update reviews set body = '  ' where id = $1", [long]);
    await until(async () => (await chunksOf(pipeline, long)).length === 0, {
      deadlineMs: DEADLINE_MS,
      what: 'a blank text to have no vector',
    });
    await client.query('delete from reviews where id = $1', [other]);
    await until(async () => (await chunksOf(pipeline, other)).length === 0, {
      deadlineMs: DEADLINE_MS,
      what: 'the vectors to go with their row',
    });
  });

  test('is found by another one that is like it', async () => {
    await using pipeline = await startedPipeline();
    const bodies = [
      'The battery of this phone lasts only two hours, then it is empty.',
      'A wonderful soup bowl, the glaze is beautiful and it is easy to clean.',
      'The battery of the phone is empty after two hours already.',
    ];
    const ids = await write(
      pipeline.client,
      bodies.map((body) => ({ language: 'en', body })),
    );
    await settled(pipeline);
    const { rows } = await pipeline.client.query<{ id: string }>(
      `select id from afterglow.embedding where id <> $1
        order by embedding <=> (select embedding from afterglow.embedding where id = $1) limit 1`,
      [ids[0]],
    );
    expect(rows).toEqual([{ id: ids[2] }]);
  });
});
