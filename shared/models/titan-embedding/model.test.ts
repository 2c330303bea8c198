import { describe, expect, test } from 'vitest';
import type { BedrockRuntime, InvokeModelRequest } from '../../aws/bedrock-runtime.ts';
import { embedding } from '../../contracts/events.ts';
import { createTitanEmbeddingModel } from './model.ts';

const SIGNAL = new AbortController().signal;
const V2 = {
  model_id: 'amazon.titan-embed-text-v2:0',
  dimensions: 256,
  normalize: true,
  max_chunks: 64,
} as const;
const V1 = {
  model_id: 'amazon.titan-embed-text-v1',
  dimensions: 1536,
  normalize: true,
  max_chunks: 64,
} as const;

/** A service whose vectors begin with the length of the text. */
function service(answer: (text: string, dimensions: number) => string | Error = vector) {
  const requests: InvokeModelRequest[] = [];
  const client: BedrockRuntime = {
    async invokeModel(request) {
      requests.push(request);
      const { inputText, dimensions = 1536 } = JSON.parse(request.body);
      const body = answer(inputText, dimensions);
      if (body instanceof Error) throw body;
      return { body, requestId: 'r-1' };
    },
    close: () => undefined,
  };
  return { client, requests };
}
const vector = (text: string, dimensions: number): string =>
  JSON.stringify({
    embedding: [text.length, ...new Array<number>(dimensions - 1).fill(0.5)],
    inputTextTokenCount: 11,
  });
const named = (name: string, message: string, status = 400) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status, requestId: 'r-1' } });

describe('a call', () => {
  test('of V2 sends text, dimensions and normalize, and costs 20 nano-dollars a token', async () => {
    const { client, requests } = service();
    const outcomes = await createTitanEmbeddingModel(V2, client).call([{ input: 'text' }], SIGNAL);
    expect(requests).toEqual([
      { modelId: V2.model_id, body: '{"inputText":"text","dimensions":256,"normalize":true}' },
    ]);
    expect(outcomes).toMatchObject([{ kind: 'ok', result: { tokens: 11 }, costNanoUsd: 220 }]);
  });

  test('of V1 sends the text alone, and costs 100 nano-dollars a token', async () => {
    const { client, requests } = service();
    const outcomes = await createTitanEmbeddingModel(V1, client).call([{ input: 'text' }], SIGNAL);
    expect(requests).toEqual([{ modelId: V1.model_id, body: '{"inputText":"text"}' }]);
    expect(outcomes).toMatchObject([{ kind: 'ok', costNanoUsd: 1_100 }]);
  });

  test('takes one text: more would need more calls', async () => {
    const model = createTitanEmbeddingModel(V2, service().client);
    expect(model.limits.rowsMax).toBe(1);
    await expect(model.call([{ input: 'a' }, { input: 'b' }], SIGNAL)).rejects.toMatchObject({
      kind: 'unknown',
    });
    expect(await model.call([], SIGNAL)).toEqual([]);
  });

  test.each<[string, Error | string, object]>([
    [
      'too many tokens',
      named('ValidationException', 'Too many input tokens.'),
      { kind: 'rejected', fault: { kind: 'rejected_item' } },
    ],
    [
      'a body over the limit',
      named('Unknown', '', 413),
      { kind: 'rejected', fault: { kind: 'rejected_item' } },
    ],
    [
      'the model’s own trouble',
      named('ModelErrorException', '', 424),
      { kind: 'rejected', isWorthOneRetry: true },
    ],
    [
      'an answer that is cut off',
      '{"embedding":[0.1,',
      { fault: { code: 'not_json' }, isWorthOneRetry: true },
    ],
    ['no answer at all', '', { fault: { code: 'empty_answer' }, isWorthOneRetry: true }],
    ['an answer that is none', '{}', { kind: 'rejected', fault: { kind: 'contract', code: 'shape' } }],
    [
      'a zero vector',
      JSON.stringify({ embedding: new Array(256).fill(0), inputTextTokenCount: 1 }),
      { fault: { code: 'zero_vector' } },
    ],
  ])('that ends with %s is the text’s own outcome', async (_name, answer, expected) => {
    const model = createTitanEmbeddingModel(V2, service(() => answer).client);
    expect(await model.call([{ input: 'text' }], SIGNAL)).toMatchObject([expected]);
  });

  test('whose answer nobody understands is billed all the same, one that was refused is not', async () => {
    for (const [answer, costNanoUsd] of [
      ['{}', 80],
      ['', 80],
      [named('ValidationException', 'Too many input tokens.'), undefined],
    ] as const) {
      const [outcome] = await createTitanEmbeddingModel(V2, service(() => answer).client).call(
        [{ input: 'text' }],
        SIGNAL,
      );
      expect(outcome?.costNanoUsd).toBe(costNanoUsd);
    }
  });

  test.each([
    ['ThrottlingException', 429, 'throttled'],
    ['ModelNotReadyException', 429, 'throttled'],
    ['ServiceUnavailableException', 503, 'unavailable'],
    ['AccessDeniedException', 403, 'set_up'],
  ])('that ends with %s says nothing about the text', async (name, status, kind) => {
    const model = createTitanEmbeddingModel(V2, service(() => named(name, '', status)).client);
    await expect(model.call([{ input: 'text' }], SIGNAL)).rejects.toMatchObject({ kind });
  });

  test('of a blank text is not made', async () => {
    const { client, requests } = service();
    const outcomes = await createTitanEmbeddingModel(V2, client).call([{ input: ' ' }], SIGNAL);
    expect(outcomes).toMatchObject([{ kind: 'rejected', fault: { code: 'empty_text' } }]);
    expect(requests).toEqual([]);
  });
});

describe('a row', () => {
  test('of several chunks has a vector for each of them, in order, as the contract has it', async () => {
    const model = createTitanEmbeddingModel({ ...V2, max_chunks: 2 }, service().client);
    const row = { input: `${'word '.repeat(1_500)}\n\n${'more '.repeat(3_000)}` };
    const asked = model.itemsOf(row);
    if (asked.kind !== 'items') throw new Error('the row asks for nothing');
    const outcomes = await Promise.all(asked.items.map((item) => model.call([item], SIGNAL)));
    const results = outcomes.flat().map((outcome) => {
      if (outcome.kind !== 'ok') throw outcome.fault;
      return outcome.result;
    });
    const result = model.resultOf(row, asked.items, results);
    expect(embedding.parse(result)).toEqual(result);
    expect(result).toMatchObject({ dimensions: 256, truncated: true });
    const lengths = result.chunks.map(({ start, end, vector_f32le_base64 }) => [
      end - start,
      Buffer.from(vector_f32le_base64, 'base64').readFloatLE(0),
    ]);
    expect(lengths).toEqual([
      [7_502, 7_502],
      [8_000, 8_000],
    ]);
  });

  test('is remembered by model, dimensions, normalisation and text', () => {
    const model = createTitanEmbeddingModel(V2, service().client);
    expect(model.id).toEqual({ kind: 'titan-embedding', name: 'amazon.titan-embed-text', version: 'v2:0' });
    expect(createTitanEmbeddingModel(V1, service().client).id).toMatchObject({ version: 'v1' });
    expect(model.parameters).toEqual({ dimensions: 256, normalize: true });
    expect(model.requestText({ input: 'text', span: { start: 5, end: 9 } })).toBe('text');
  });
});
