// Cohere Embed in the stand-in, as the real client of AWS sees it.
import { InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { type AwsSdkClients, awsSdkClients, errorOf } from '../support/aws-sdk.ts';

const V3 = 'cohere.embed-multilingual-v3';
const V4 = 'global.cohere.embed-v4:0';

let awsLocal: AwsLocal;
let clients: AwsSdkClients;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  clients = awsSdkClients(awsLocal.url);
});
afterAll(async () => {
  clients.close();
  await awsLocal.close();
});
afterEach(() => awsLocal.control.reset());

async function embed(modelId: string, request: object) {
  const body = JSON.stringify({ input_type: 'search_document', ...request });
  const answer = await clients.bedrock.send(
    new InvokeModelCommand({ modelId, body, contentType: 'application/json', accept: 'application/json' }),
  );
  return JSON.parse(answer.body.transformToString());
}
const counted = () => awsLocal.control.calls().operations[0];
const spoil = (fault: FaultRule['fault'], rest: object = {}) => awsLocal.control.addFault({ fault, ...rest });
const cosine = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, place) => sum + value * (other[place] ?? 0), 0);

describe('an answer', () => {
  test('has a vector of unit length for each text, in their order, as a plain list', async () => {
    const texts = ['A bright lamp.', 'A loud radio.', 'A bright lamp.'];
    const answer = await embed(V3, { texts });
    expect(Object.keys(answer)).toEqual(['id', 'response_type', 'embeddings', 'texts']);
    expect(answer).toMatchObject({ response_type: 'embeddings_floats', texts });
    const [lamp, radio, again] = answer.embeddings;
    expect(lamp).toHaveLength(1_024);
    expect(again).toEqual(lamp);
    expect(radio).not.toEqual(lamp);
    expect(Math.hypot(...lamp)).toBeCloseTo(1, 4);
  });

  test('is keyed by type when types are asked for', async () => {
    const answer = await embed(V4, { texts: ['a'], embedding_types: ['float'], output_dimension: 256 });
    expect(answer.response_type).toBe('embeddings_by_type');
    expect(answer.embeddings.float[0]).toHaveLength(256);
  });

  test('of v4 has 1,536 numbers unasked, and another space than v3', async () => {
    expect((await embed(V4, { texts: ['a'] })).embeddings[0]).toHaveLength(1_536);
    const request = { texts: ['A bright lamp.'] };
    const [[third], [fourth]] = [
      (await embed(V3, request)).embeddings,
      (await embed(V4, { ...request, output_dimension: 1_024 })).embeddings,
    ];
    expect(cosine(third, fourth)).toBeLessThan(0.5);
  });

  test('puts a query where its documents are', async () => {
    const text = ['A lamp that is bright.'];
    const [document] = (await embed(V3, { texts: text })).embeddings;
    const [query] = (await embed(V3, { texts: text, input_type: 'search_query' })).embeddings;
    const [cluster] = (await embed(V3, { texts: text, input_type: 'clustering' })).embeddings;
    expect(cosine(document, query)).toBeCloseTo(1, 4);
    expect(cosine(document, cluster)).toBeLessThan(0.5);
  });

  test('is one call of as many rows as texts, and its tokens are what is paid', async () => {
    await embed(V3, { texts: Array.from({ length: 96 }, (_, place) => `Number ${place} of them.`) });
    expect(counted()).toMatchObject({ operation: 'InvokeModel', calls: 1, rows: 96, paid_calls: 1 });
    expect(counted()?.paid_units).toBeGreaterThan(96 * 3);
  });
});

describe('what breaks a rule is 400 ValidationException, for the call', () => {
  test.each<[string, string, object, RegExp]>([
    ['no texts', V3, {}, /required key \[texts\]/],
    ['no purpose', V3, { texts: ['a'], input_type: undefined }, /required key \[input_type\]/],
    [
      'a purpose it has not',
      V3,
      { texts: ['a'], input_type: 'poetry' },
      /#\/input_type: the value is not a valid enum/,
    ],
    ['a text that is none', V3, { texts: ['a', 7] }, /#\/texts\/1: expected type: String, found: Number/],
    ['97 texts', V3, { texts: new Array(97).fill('a') }, /#\/texts: expected maximum item count: 96/],
    [
      'a text of 2,049 characters, whatever is to be cut',
      V3,
      { texts: ['a', 'x'.repeat(2_049)], truncate: 'END' },
      /#\/texts\/1: expected maxLength: 2048, actual: 2049/,
    ],
    [
      'more tokens than v3 reads',
      V3,
      { texts: ['!'.repeat(600)] },
      /Too many input tokens. Max input tokens: 512/,
    ],
    ['v4’s word for cutting, to v3', V3, { texts: ['a'], truncate: 'RIGHT' }, /#\/truncate/],
    ['v3’s word for cutting, to v4', V4, { texts: ['a'], truncate: 'END' }, /#\/truncate/],
    ['a length for v3', V3, { texts: ['a'], output_dimension: 512 }, /extraneous key \[output_dimension\]/],
    ['a length that v4 has not', V4, { texts: ['a'], output_dimension: 300 }, /#\/output_dimension/],
    ['v4 without a profile', 'cohere.embed-v4:0', { texts: ['a'] }, /on-demand throughput isn’t supported/],
  ])('%s', async (_what, modelId, request, message) => {
    const error = await errorOf(embed(modelId, request));
    expect(error).toMatchObject({ name: 'ValidationException', status: 400 });
    expect(error.message).toMatch(message);
    expect(counted()?.paid_calls).toBe(0);
  });

  test('and a model it has not is 404', async () => {
    for (const modelId of ['cohere.embed-v9', 'us.cohere.embed-english-v3']) {
      expect(await errorOf(embed(modelId, { texts: ['a'] }))).toMatchObject({
        name: 'ResourceNotFoundException',
      });
    }
  });
});

test('a text with too many tokens is cut where that is asked for, and billed for what was read', async () => {
  await embed(V3, { texts: ['!'.repeat(600)], truncate: 'END' });
  await embed(V4, { texts: ['!'.repeat(600)], truncate: 'RIGHT' });
  expect(awsLocal.control.calls().operations.map(({ paid_units }) => paid_units)).toEqual([512, 602]);
});

test('a profile’s ARN names its model, and without the check v4 answers by its own id', async () => {
  const arn = 'arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.cohere.embed-v4:0';
  expect((await embed(arn, { texts: ['a'] })).embeddings).toHaveLength(1);
  awsLocal.control.changeChecks({ profile: false });
  expect((await embed('cohere.embed-v4:0', { texts: ['a'] })).embeddings).toHaveLength(1);
});

describe('faults on request', () => {
  test('a vector too few or too many', async () => {
    for (const [change, count] of [
      [-1, 1],
      [2, 4],
    ] as const) {
      const id = spoil({ kind: 'rows', change });
      expect((await embed(V3, { texts: ['a', 'b'] })).embeddings).toHaveLength(count);
      awsLocal.control.removeFault(id);
    }
  });

  test.each<[FaultRule['fault'], (vector: readonly unknown[]) => unknown, unknown]>([
    [{ kind: 'zero_vector' }, (vector) => new Set(vector), new Set([0])],
    [{ kind: 'width', dimensions: 3 }, (vector) => vector.length, 3],
    [{ kind: 'not_a_number', as: 'text' }, ([first]) => first, 'NaN'],
  ])('%j in the vector of one text', async (fault, look, expected) => {
    spoil(fault, { input: { contains: 'poison' } });
    const { embeddings } = await embed(V3, { texts: ['good', 'poison', 'good'] });
    expect(look(embeddings[1])).toEqual(expected);
    expect(embeddings[0]).toEqual(embeddings[2]);
    expect(embeddings[0]).toHaveLength(1_024);
    await embed(V3, { texts: ['good'] });
    expect(awsLocal.control.faults()).toMatchObject([{ struck: 1 }]);
  });

  test('one that Titan cannot show passes it by', async () => {
    spoil({ kind: 'rows', change: -1 });
    await clients.bedrock.send(
      new InvokeModelCommand({
        modelId: 'amazon.titan-embed-text-v2:0',
        contentType: 'application/json',
        body: '{"inputText":"a"}',
      }),
    );
    expect(awsLocal.control.faults()).toMatchObject([{ struck: 0 }]);
  });
});
