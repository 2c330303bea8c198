// Bedrock as the real client sees it: Titan's vectors, members, limits and texts of refusal.
import { ConverseCommand, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { type AwsSdkClients, awsSdkClients, errorOf } from '../support/aws-sdk.ts';

const [V1, V2] = ['amazon.titan-embed-text-v1', 'amazon.titan-embed-text-v2:0'];
const TEXT = 'The quality is far better than the price suggests.';

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

const invoke = (modelId: string, body: unknown) =>
  clients.bedrock.send(
    new InvokeModelCommand({
      modelId,
      contentType: 'application/json',
      accept: 'application/json',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  );

interface TitanAnswer {
  readonly embedding: readonly number[];
  readonly inputTextTokenCount: number;
  readonly embeddingsByType?: { readonly float?: readonly number[]; readonly binary?: readonly number[] };
}
const titan = async (modelId: string, body: unknown): Promise<TitanAnswer> =>
  JSON.parse((await invoke(modelId, body)).body.transformToString());
const lengthOf = (vector: readonly number[]): number => Math.hypot(...vector);
const similarity = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, place) => sum + value * (other[place] ?? 0), 0);

describe('Titan V2', () => {
  test('1,024 numbers of unit length, the same by type unasked, and the count of tokens', async () => {
    const answer = await titan(V2, { inputText: TEXT });
    expect(Object.keys(answer).toSorted()).toEqual(['embedding', 'embeddingsByType', 'inputTextTokenCount']);
    expect(answer.embedding).toHaveLength(1_024);
    expect(lengthOf(answer.embedding)).toBeCloseTo(1, 5);
    expect(answer.embeddingsByType).toEqual({ float: answer.embedding });
    expect(answer.inputTextTokenCount).toBeGreaterThan(8);
    expect(answer.inputTextTokenCount).toBeLessThan(20);
  });

  test.each([1_024, 512, 256])('%i dimensions on request', async (dimensions) => {
    const { embedding } = await titan(V2, { inputText: TEXT, dimensions, normalize: true });
    expect(embedding).toHaveLength(dimensions);
    expect(lengthOf(embedding)).toBeCloseTo(1, 5);
  });

  test('not normalized: the same direction with its own length', async () => {
    const { embedding } = await titan(V2, { inputText: TEXT, normalize: false });
    const { embedding: unit } = await titan(V2, { inputText: TEXT });
    expect(Math.abs(lengthOf(embedding) - 1)).toBeGreaterThan(0.1);
    expect(similarity(embedding, unit) / lengthOf(embedding)).toBeCloseTo(1, 5);
  });

  test('binary embeddings are zeros and ones by type', async () => {
    const answer = await titan(V2, { inputText: TEXT, embeddingTypes: ['float', 'binary'] });
    expect(answer.embeddingsByType?.binary).toEqual(answer.embedding.map((value) => (value > 0 ? 1 : 0)));
    const { embeddingsByType } = await titan(V2, { inputText: TEXT, embeddingTypes: ['binary'] });
    expect(Object.keys(embeddingsByType ?? {})).toEqual(['binary']);
  });

  test('it answers to its ARN, with a type of content, a request id and the tokens in a header', async () => {
    const arn = `arn:aws:bedrock:us-east-1::foundation-model/${V2}`;
    let tokens: string | undefined;
    const command = new InvokeModelCommand({ modelId: arn, body: JSON.stringify({ inputText: TEXT }) });
    command.middlewareStack.add(
      (next) => async (given) => {
        const result = await next(given);
        const { headers } = result.response as { readonly headers: Record<string, string> };
        tokens = headers['x-amzn-bedrock-input-token-count'];
        return result;
      },
      { step: 'deserialize', priority: 'high' },
    );
    const answer = await clients.bedrock.send(command);
    expect(answer.contentType).toBe('application/json');
    expect(answer.$metadata).toMatchObject({ httpStatusCode: 200, requestId: expect.any(String) });
    const body: TitanAnswer = JSON.parse(answer.body.transformToString());
    expect(Number(tokens)).toBe(body.inputTextTokenCount);
  });

  test('a text about the same is closer than one about something else', async () => {
    const [same, other] = [
      'The quality is better than its price suggests!',
      'My parcel never arrived at the door.',
    ];
    const vectors = await Promise.all(
      [TEXT, same, other].map(async (inputText) => (await titan(V2, { inputText })).embedding),
    );
    const [asked = [], near = [], far = []] = vectors;
    expect(similarity(asked, near)).toBeGreaterThan(similarity(asked, far) + 0.3);
  });
});

test('Titan V1: 1,536 numbers of unit length, and nothing by type', async () => {
  const answer = await titan(V1, { inputText: TEXT });
  expect(Object.keys(answer).toSorted()).toEqual(['embedding', 'inputTextTokenCount']);
  expect(answer.embedding).toHaveLength(1_536);
  expect(lengthOf(answer.embedding)).toBeCloseTo(1, 5);
});

describe('refusals', () => {
  const long = (characters: number): string => 'word '.repeat(characters / 5);
  test.each([
    ['no text', V2, {}, /required key \[inputText\] not found/],
    ['an empty text', V2, { inputText: '' }, /#\/inputText: expected minLength: 1, actual: 0/],
    ['a list of texts', V2, { inputText: ['a'] }, /expected type: String, found: JSONArray/],
    ['a number', V2, { inputText: 1 }, /expected type: String, found: Number/],
    ['50,001 characters', V2, { inputText: 'a'.repeat(50_001) }, /expected maxLength: 50000, actual: 50001/],
    [
      'too many tokens',
      V2,
      { inputText: '日'.repeat(8_193) },
      /Max input tokens: 8192, request input token count: 8193/,
    ],
    [
      'too many tokens for V1',
      V1,
      { inputText: long(60_000) },
      /Too many input tokens\. Max input tokens: 8192/,
    ],
    ['a width it has not', V2, { inputText: 'a', dimensions: 300 }, /#\/dimensions/],
    [
      'a width in V1',
      V1,
      { inputText: 'a', dimensions: 256 },
      /extraneous key \[dimensions\] is not permitted/,
    ],
    ['a parameter of text models', V2, { inputText: 'a', topP: 1 }, /extraneous key \[topP\]/],
    ['a type it has not', V2, { inputText: 'a', embeddingTypes: ['int8'] }, /#\/embeddingTypes\/0/],
    ['no JSON', V2, '{"inputText":', /Malformed input request/],
  ])('%s is 400 ValidationException', async (_name, model = '', body, message) => {
    const error = await errorOf(invoke(model, body));
    expect([error.name, error.status]).toEqual(['ValidationException', 400]);
    expect(error.message).toMatch(message);
  });

  test('characters are counted as Unicode ones: 50,000 pictures of two units each meet only the token limit', async () => {
    const error = await errorOf(invoke(V2 ?? '', { inputText: '😀'.repeat(50_000) }));
    expect(error.message).toMatch(/Too many input tokens/);
  });

  test('a model nobody has is 404 ResourceNotFoundException', async () => {
    const error = await errorOf(invoke('amazon.titan-embed-text-v9', { inputText: 'a' }));
    expect([error.name, error.status]).toEqual(['ResourceNotFoundException', 404]);
  });
});

describe('on the wire', () => {
  const path = `/model/${encodeURIComponent(V2 ?? '')}/invoke`;
  const post = (headers: Record<string, string>, body: string) =>
    fetch(`${awsLocal.url}${path}`, { method: 'POST', headers, body });
  const authorization = (service: string): string =>
    `AWS4-HMAC-SHA256 Credential=A/20261120/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
  const date = { 'x-amz-date': '20261120T091502Z' };

  test('an error has its name in header and body', async () => {
    const answer = await post({ ...date, authorization: authorization('bedrock') }, '{}');
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException']);
    expect(await answer.json()).toMatchObject({ __type: 'ValidationException', message: expect.any(String) });
  });

  test.each([
    ['missing', undefined, 403, 'MissingAuthenticationTokenException'],
    ['malformed', 'AWS4-HMAC-SHA256 nonsense', 400, 'IncompleteSignatureException'],
    ['for another service', authorization('sagemaker'), 403, 'InvalidSignatureException'],
  ])('a signature that is %s', async (_name, header, status, name) => {
    const answer = await post({ ...date, ...(header && { authorization: header }) }, '{}');
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([status, name]);
  });
});

describe('Converse', () => {
  const converse = (text: string, inferenceConfig: { maxTokens?: number; stopSequences?: string[] } = {}) =>
    clients.bedrock.send(
      new ConverseCommand({
        modelId: 'amazon.nova-lite-v1:0',
        messages: [{ role: 'user', content: [{ text }] }],
        inferenceConfig,
      }),
    );

  test('a plain answer with every member that the model of the service requires', async () => {
    const { $metadata, ...answer } = await converse('How many reviews came today?', { maxTokens: 500 });
    expect(answer).toEqual({
      output: {
        message: { role: 'assistant', content: [{ text: expect.stringContaining('How many reviews') }] },
      },
      stopReason: 'end_turn',
      usage: {
        inputTokens: expect.any(Number),
        outputTokens: expect.any(Number),
        totalTokens: expect.any(Number),
      },
      metrics: { latencyMs: expect.any(Number) },
    });
    const { inputTokens = 0, outputTokens = 0, totalTokens } = answer.usage ?? {};
    expect(inputTokens + outputTokens).toBe(totalTokens);
    expect($metadata.httpStatusCode).toBe(200);
  });

  test('it stops at its limit and at a stop sequence, and says so', async () => {
    const limited = await converse('Tell me everything you know about it.', { maxTokens: 4 });
    expect(limited.stopReason).toBe('max_tokens');
    expect(limited.usage?.outputTokens).toBeLessThanOrEqual(4);
    expect((await converse('Go on.', { stopSequences: ['which'] })).stopReason).toBe('stop_sequence');
  });

  test.each([
    ['an embedding model', V2, 'user', 'ResourceNotFoundException', 404],
    ['a model nobody has', 'nobody.nothing', 'user', 'ResourceNotFoundException', 404],
    ['the assistant first', 'amazon.nova-lite-v1:0', 'assistant', 'ValidationException', 400],
  ] as const)('%s is refused', async (_name, modelId, role, name, status) => {
    const messages = [{ role, content: [{ text: 'Hello' }] }];
    const error = await errorOf(clients.bedrock.send(new ConverseCommand({ modelId, messages })));
    expect([error.name, error.status]).toEqual([name, status]);
  });

  test('the longest possible answer counts against the quota of tokens before it begins', async () => {
    awsLocal.control.addQuota({ operation: 'Converse', tokens_per_minute: 5_000 });
    await converse('Hello', { maxTokens: 4_000 });
    const error = await errorOf(converse('Hello', { maxTokens: 4_000 }));
    expect([error.name, error.status, error.message]).toEqual([
      'ThrottlingException',
      429,
      'Too many tokens, please wait before trying again.',
    ]);
  });
});
