import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BedrockRuntime, InvokeModelRequest } from '../../aws/bedrock-runtime.ts';
import { embedding } from '../../contracts/events.ts';
import { type CohereEmbeddingConfig, createCohereEmbeddingModel } from './model.ts';

const SIGNAL = new AbortController().signal;
const V3: CohereEmbeddingConfig = {
  model_id: 'cohere.embed-multilingual-v3',
  dimensions: 1024,
  input_type: 'search_document',
  truncate: 'none',
  max_chunks: 64,
  batch: { rows: 96, wait: 50 },
};
const V4: CohereEmbeddingConfig = { ...V3, model_id: 'global.cohere.embed-v4:0', dimensions: 256 };

type Answer = (texts: readonly string[], dimensions: number) => unknown;

/** A service whose vectors begin with the length of their text. */
function service(answer: Answer = vectors, inputTokens?: number) {
  const requests: InvokeModelRequest[] = [];
  const client: BedrockRuntime = {
    async invokeModel(request) {
      requests.push(request);
      const { texts, output_dimension: dimensions = 1024 } = JSON.parse(request.body);
      const body = answer(texts, dimensions);
      if (body instanceof Error) throw body;
      return {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        inputTokens,
        requestId: 'r-1',
      };
    },
    close: () => undefined,
  };
  return { client, requests };
}
const vector = (text: string, dimensions: number) => [
  text.length,
  ...new Array<number>(dimensions - 1).fill(0.5),
];
const listed = (texts: readonly string[], dimensions: number) =>
  texts.map((text) => vector(text, dimensions));
const vectors: Answer = (texts, dimensions) => ({ embeddings: { float: listed(texts, dimensions) } });
const named = (name: string, message: string, status = 400) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status, requestId: 'r-1' } });
const items = (...inputs: string[]) => inputs.map((input) => ({ input }));
const firstOf = (base64: string): number => Buffer.from(base64, 'base64').readFloatLE(0);
const modelOf = (answer?: Answer, config = V4) => createCohereEmbeddingModel(config, service(answer).client);

describe('a call', () => {
  test('of v3 sends texts, what they are for, and how the model may cut them', async () => {
    const { client, requests } = service();
    await createCohereEmbeddingModel({ ...V3, truncate: 'end' }, client).call(items('one', 'two'), SIGNAL);
    expect(requests).toEqual([
      {
        modelId: 'cohere.embed-multilingual-v3',
        body: '{"texts":["one","two"],"input_type":"search_document","truncate":"END","embedding_types":["float"]}',
      },
    ]);
  });

  test('of v4 sends the length of the vectors, too, and has its own words for cutting', async () => {
    const bodies = ['none', 'start', 'end'] as const;
    const sent = await Promise.all(
      bodies.map(async (truncate) => {
        const { client, requests } = service();
        await createCohereEmbeddingModel({ ...V4, truncate }, client).call(items('one'), SIGNAL);
        return JSON.parse(requests[0]?.body ?? '');
      }),
    );
    expect(sent.map((each) => each.truncate)).toEqual(['NONE', 'LEFT', 'RIGHT']);
    expect(sent[0]).toMatchObject({ texts: ['one'], output_dimension: 256, embedding_types: ['float'] });
  });

  test('divides the tokens that the service counted by the bytes of the texts, and their price with them', async () => {
    const { client } = service(vectors, 100);
    const outcomes = await createCohereEmbeddingModel(V3, client).call(items('a', 'bb', 'ü'), SIGNAL);
    expect(outcomes).toMatchObject([
      { kind: 'ok', result: { tokens: 20 }, costNanoUsd: 2_000 },
      { kind: 'ok', result: { tokens: 40 }, costNanoUsd: 4_000 },
      { kind: 'ok', result: { tokens: 40 }, costNanoUsd: 4_000 },
    ]);
  });

  test('without a count is priced as what was reserved for it', async () => {
    const model = modelOf();
    const sent = items('text', 'another text');
    const outcomes = await model.call(sent, SIGNAL);
    const cost = outcomes.reduce((sum, each) => sum + (each.kind === 'ok' ? each.costNanoUsd : 0), 0);
    expect(cost).toBe(model.boundNanoUsd(sent));
    expect(cost).toBe((4 + 12 + 2 * 16) * 120);
  });

  test('of a blank text among others is made without it, and every text keeps its place', async () => {
    const { client, requests } = service();
    const outcomes = await createCohereEmbeddingModel(V4, client).call(items('a', ' ', 'ccc'), SIGNAL);
    expect(JSON.parse(requests[0]?.body ?? '').texts).toEqual(['a', 'ccc']);
    expect(
      outcomes.map((each) =>
        each.kind === 'ok' ? firstOf(each.result.vector_f32le_base64) : each.fault.code,
      ),
    ).toEqual([1, 'empty_text', 3]);
  });

  test.each<[string, Answer, string]>([
    [
      'one text too long',
      () => named('ValidationException', '#/texts/1: expected maxLength: 2048'),
      'rejected_item',
    ],
    ['too many tokens', () => named('ValidationException', 'text has too many tokens'), 'rejected_item'],
    ['a body over the limit', () => named('Unknown', '', 413), 'rejected_batch'],
    ['a vector too few', (texts) => ({ embeddings: listed(texts.slice(1), 256) }), 'contract'],
    ['throttled', () => named('ThrottlingException', '', 429), 'throttled'],
    [
      'no profile',
      () => named('ValidationException', 'Invocation … with on-demand throughput isn’t supported'),
      'set_up',
    ],
  ])('that ends with %s says nothing about one of its texts', async (_name, answer, kind) => {
    await expect(modelOf(answer).call(items('a', 'b'), SIGNAL)).rejects.toMatchObject({ kind });
  });

  test.each<[string, Answer, object]>([
    ['too many tokens', () => named('ValidationException', 'too many tokens'), { kind: 'rejected_item' }],
    ['a body over the limit', () => named('Unknown', '', 413), { kind: 'rejected_item' }],
    ['no vector', () => ({ embeddings: [] }), { kind: 'contract', code: 'row_count' }],
  ])(
    'of a single text that ends with %s is the text’s own outcome, billed if there was an answer',
    async (_name, answer, fault) => {
      const [outcome] = await modelOf(answer).call(items('a'), SIGNAL);
      expect(outcome).toMatchObject({ kind: 'rejected', fault });
      expect(outcome?.costNanoUsd).toBe('code' in fault ? 17 * 120 : undefined);
    },
  );
});

test('whatever vectors come back, none ever belongs to another text', async () => {
  const texts = fc.uniqueArray(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 });
  const bend = fc.constantFrom(
    'none',
    'listed',
    'short',
    'extra',
    'zero',
    'narrow',
    'null',
    'text',
    'nothing',
  );
  await fc.assert(
    fc.asyncProperty(texts, bend, async (lengths, how) => {
      const model = modelOf((sent, dimensions) => bent(listed(sent, dimensions), how));
      const sent = lengths.map((length) => ({ input: 'x'.repeat(length) }));
      const outcomes = await model.call(sent, SIGNAL).catch((error: unknown) => error);
      if (!Array.isArray(outcomes)) {
        expect(outcomes).toMatchObject({ kind: 'contract' });
        expect(how).toMatch(/short|extra|nothing/);
        return;
      }
      expect(outcomes).toHaveLength(lengths.length);
      for (const [place, outcome] of outcomes.entries()) {
        if (outcome.kind === 'ok') expect(firstOf(outcome.result.vector_f32le_base64)).toBe(lengths[place]);
        else
          expect([place, outcome.fault.kind]).toEqual([
            lengths.length === 1 ? 0 : lengths.length - 1,
            'contract',
          ]);
      }
    }),
    { seed: 7 },
  );
});

function bent(all: readonly number[][], how: string): unknown {
  if (how === 'listed') return { embeddings: all };
  if (how === 'short') return { embeddings: all.slice(1) };
  if (how === 'extra') return { embeddings: [...all, all[0]] };
  if (how === 'nothing') return '';
  const spoiled: Readonly<Record<string, unknown>> = {
    zero: new Array<number>(256).fill(0),
    narrow: [1, 2],
    null: new Array<null>(256).fill(null),
    text: 'a vector',
  };
  return { embeddings: { float: how in spoiled ? all.with(-1, spoiled[how] as number[]) : all } };
}

describe('a row', () => {
  test('is cut into chunks that the model reads whole, and has a vector for each of them', async () => {
    const model = createCohereEmbeddingModel({ ...V3, max_chunks: 3 }, service().client);
    const row = { input: 'A sentence of words. '.repeat(400) };
    const asked = model.itemsOf(row);
    if (asked.kind !== 'items') throw new Error('the row asks for nothing');
    const outcomes = await model.call(asked.items, SIGNAL);
    const results = outcomes.map((outcome) => {
      if (outcome.kind !== 'ok') throw outcome.fault;
      return outcome.result;
    });
    const result = model.resultOf(row, asked.items, results);
    expect(embedding.parse(result)).toEqual(result);
    expect(result).toMatchObject({ dimensions: 1024, truncated: true });
    expect(result.chunks.map(({ start, end }) => [start, end])).toEqual([
      [0, 1_491],
      [1_491, 2_982],
      [2_982, 4_473],
    ]);
  });

  test('of v4 has chunks as large as those of Titan', () => {
    const asked = modelOf().itemsOf({ input: 'x'.repeat(20_000) });
    expect(asked.kind === 'items' && asked.items.map(({ input }) => input.length)).toEqual([
      8_000, 8_000, 4_000,
    ]);
  });

  test('without text asks for nothing, and one of numbers is an input fault', () => {
    expect(modelOf().itemsOf({ input: ' \n' })).toEqual({ kind: 'skip', reason: 'empty_input' });
    expect(() => modelOf().itemsOf({ input: [1] })).toThrow(expect.objectContaining({ kind: 'input' }));
  });
});

test('a batch has up to 96 texts, whatever rows they are of', () => {
  expect(modelOf().limits).toEqual({ rowsMax: 96, bytesMax: 144_000, waitMaxMs: 50 });
  expect(modelOf(vectors, { ...V4, batch: { rows: 10, wait: 5 } }).limits).toMatchObject({
    rowsMax: 10,
    waitMaxMs: 5,
  });
  expect(modelOf().groupOf({ input: 'a' })).toBe(modelOf().groupOf({ input: 'b' }));
  expect(modelOf().bytesOf({ input: 'ü' })).toBe(2);
});

test('a vector is remembered by model, length, purpose, cutting and text, and not by where the model answers', () => {
  const remembered = (config: Partial<CohereEmbeddingConfig>) => {
    const { id, parameters } = modelOf(vectors, { ...V4, ...config });
    return JSON.stringify([id, parameters]);
  };
  expect(modelOf().id).toEqual({ kind: 'cohere-embedding', name: 'cohere.embed', version: 'v4:0' });
  expect(modelOf(vectors, V3).id).toMatchObject({ name: 'cohere.embed-multilingual', version: 'v3' });
  for (const model_id of ['cohere.embed-v4:0', 'us.cohere.embed-v4:0', 'eu.cohere.embed-v4:0'] as const) {
    expect(remembered({ model_id })).toBe(remembered({}));
  }
  const others = [
    { dimensions: 512 },
    { input_type: 'clustering' },
    { truncate: 'end' },
    { model_id: 'cohere.embed-english-v3' },
  ] as const;
  expect(new Set([remembered({}), ...others.map(remembered)]).size).toBe(5);
  expect(modelOf().requestText({ input: 'text', span: { start: 5, end: 9 } })).toBe('text');
});
