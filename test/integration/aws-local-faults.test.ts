// Each fault of the stand-in once, as the real clients of AWS see it, and what it leaves in the counts.
import { InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { DetectSentimentCommand } from '@aws-sdk/client-comprehend';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { type AwsSdkClients, awsSdkClients, errorOf } from '../support/aws-sdk.ts';
import { standInCalls, TITAN_V2 } from '../support/stand-in-calls.ts';
import { until } from '../support/wait.ts';

let awsLocal: AwsLocal;
let clients: AwsSdkClients;
let calls: ReturnType<typeof standInCalls>;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  clients = awsSdkClients(awsLocal.url);
  calls = standInCalls(clients);
});
afterAll(async () => {
  clients.close();
  await awsLocal.close();
});
afterEach(() => awsLocal.control.reset());

const inject = (fault: FaultRule['fault'], rule: Omit<FaultRule, 'fault'> = { calls: 1 }): number =>
  awsLocal.control.addFault({ ...rule, fault });
const struck = (): readonly number[] => awsLocal.control.faults().map((fault) => fault.struck);
const paid = () => awsLocal.control.calls().operations.map((count) => [count.paid_calls, count.paid_units]);

describe('refused, and not paid', () => {
  const named = (name: string, status: number): FaultRule['fault'] => ({ kind: 'named', name, status });
  test.each([
    ['comprehend', { kind: 'throttle' }, 'ThrottlingException', 400],
    ['sagemaker', { kind: 'throttle' }, 'ThrottlingException', 400],
    ['bedrock', { kind: 'throttle' }, 'ThrottlingException', 429],
    ['converse', { kind: 'throttle' }, 'ThrottlingException', 429],
    ['comprehend', { kind: 'throttle', status: 429 }, 'ThrottlingException', 429],
    ['comprehend', { kind: 'error', status: 500 }, 'InternalServerException', 500],
    ['comprehend', { kind: 'error', status: 503 }, 'ServiceUnavailable', 503],
    ['sagemaker', { kind: 'error', status: 500 }, 'InternalFailure', 500],
    ['sagemaker', { kind: 'error', status: 503 }, 'ServiceUnavailable', 503],
    ['sagemaker', { kind: 'error', status: 530 }, 'InternalDependencyException', 530],
    ['bedrock', { kind: 'error', status: 408 }, 'ModelTimeoutException', 408],
    ['bedrock', { kind: 'error', status: 500 }, 'InternalServerException', 500],
    ['bedrock', { kind: 'error', status: 503 }, 'ServiceUnavailableException', 503],
    ['bedrock', { kind: 'model_error', original_status: 500 }, 'ModelErrorException', 424],
    ['sagemaker', { kind: 'model_error', original_status: 0 }, 'ModelError', 424],
    ['sagemaker', { kind: 'model_error', original_status: 400 }, 'ModelError', 424],
    ['bedrock', named('ServiceQuotaExceededException', 400), 'ServiceQuotaExceededException', 400],
    ['bedrock', named('AccessDeniedException', 403), 'AccessDeniedException', 403],
    ['bedrock', named('ModelNotReadyException', 429), 'ModelNotReadyException', 429],
    ['comprehend', named('UnsupportedLanguageException', 400), 'UnsupportedLanguageException', 400],
    ['comprehend', named('InvalidRequestException', 400), 'InvalidRequestException', 400],
    ['comprehend', named('ExpiredTokenException', 400), 'ExpiredTokenException', 400],
    ['sagemaker', named('UnrecognizedClientException', 403), 'UnrecognizedClientException', 403],
    ['comprehend', { kind: 'bare', status: 503, body: 'html' }, 'SyntaxError', 503],
    ['bedrock', { kind: 'bare', status: 413, body: 'html' }, 'SyntaxError', 413],
    ['bedrock', { kind: 'bare', status: 502, body: 'empty' }, 'Unknown', 502],
    [
      'bedrock',
      { kind: 'cold_start', latency_ms: 60_000, answer: 'not_ready' },
      'ModelNotReadyException',
      429,
    ],
  ] as const)('%s: %j', async (service, fault, name, status) => {
    inject(fault);
    const error = await errorOf(calls.byService[service]());
    expect([error.name, error.status]).toEqual([name, status]);
    expect(struck()).toEqual([1]);
    expect(paid()).toEqual([[0, 0]]);
    await calls.byService[service](); // and the next call is answered
  });

  test.each(['header', 'body'] as const)(
    'a name that stands only in the %s is found by every client',
    async (name_in) => {
      for (const call of Object.values(calls.byService)) {
        inject({ kind: 'named', name: 'NewException', status: 400, name_in });
        expect((await errorOf(call())).name).toBe('NewException');
      }
    },
  );
});

describe('paid, and lost on the way back', () => {
  test.each(['before_answer', 'in_body'] as const)('a connection cut %s', async (place) => {
    for (const call of Object.values(calls.byService)) {
      inject({ kind: 'cut', place });
      expect((await errorOf(call())).message).toMatch(/aborted|ECONNRESET|socket hang up|terminated/i);
    }
    expect(paid().map(([count]) => count)).toEqual([1, 1, 1, 1]);
  });

  test.each(['before_answer', 'in_body'] as const)(
    'an answer stalled %s ends with the client’s patience',
    async (place) => {
      inject({ kind: 'stall', place });
      const impatient = new AbortController();
      const call = errorOf(
        clients.bedrock.send(new InvokeModelCommand({ modelId: TITAN_V2, body: '{"inputText":"a"}' }), {
          abortSignal: impatient.signal,
        }),
      );
      await until(() => struck()[0] === 1, { deadlineMs: 60_000, what: 'the call to arrive' });
      impatient.abort();
      expect((await call).name).toBe('AbortError');
    },
  );

  test.each([
    ['truncated', 'SyntaxError'],
    ['malformed', 'SyntaxError'],
  ] as const)('%s JSON of status 200', async (kind, name) => {
    inject({ kind });
    const error = await errorOf(calls.sentiments());
    expect([error.name, error.status]).toEqual([name, 200]);
    inject({ kind });
    const body = (await calls.model()).body.transformToString();
    expect(() => JSON.parse(body)).toThrow(SyntaxError);
    expect(paid().map(([count]) => count)).toEqual([1, 1]);
  });

  test('an empty answer: no members for the client, and 204 from SageMaker', async () => {
    inject({ kind: 'empty' }, {});
    const { $metadata, ...answer } = await calls.sentiments();
    expect([$metadata.httpStatusCode, answer]).toEqual([200, {}]);
    const { $metadata: metadata, Body } = await calls.endpoint();
    expect([metadata.httpStatusCode, Body?.length ?? 0]).toEqual([204, 0]);
    expect((await calls.model()).body ?? []).toHaveLength(0);
  });
});

describe('wrong answers', () => {
  test('SageMaker: rows too few, too many, in another order, and one that is no number', async () => {
    const straight = await calls.scores();
    inject({ kind: 'rows', change: -1 });
    expect(await calls.scores()).toEqual(straight?.slice(0, 2));
    inject({ kind: 'rows', change: 2 });
    expect(await calls.scores()).toEqual([...(straight ?? []), 0.5, 0.5]);
    inject({ kind: 'reordered' });
    expect(await calls.scores()).toEqual(straight?.toReversed());
    inject({ kind: 'not_a_number' }, { input: { column: 0, equals: 1.99 }, calls: 1 });
    expect(await calls.scores()).toEqual([straight?.[0], Number.NaN, straight?.[2]]);
    expect(struck()).toEqual([1, 1, 1, 1]);
  });

  const indexes = async (): Promise<readonly (number | undefined)[] | undefined> =>
    (await calls.sentiments()).ResultList?.map(({ Index }) => Index);

  test('Comprehend: results missing, too many, in another order, and one index twice', async () => {
    inject({ kind: 'rows', change: -1 });
    expect(await indexes()).toEqual([0, 1]);
    inject({ kind: 'rows', change: 1 });
    expect(await indexes()).toEqual([0, 1, 2, 3]);
    inject({ kind: 'reordered' });
    expect(await indexes()).toEqual([2, 1, 0]);
    inject({ kind: 'repeated_index' });
    expect(await indexes()).toEqual([0, 1, 0]);
  });

  test('Comprehend: a document that fails alone, by its text or the last one, and is not paid', async () => {
    inject({ kind: 'item_error' }, { input: { contains: 'broke' } });
    const { ResultList, ErrorList } = await calls.sentiments();
    expect(ResultList?.map(({ Index }) => Index)).toEqual([0, 2]);
    expect(ErrorList).toEqual([
      { Index: 1, ErrorCode: 'InternalServerException', ErrorMessage: expect.any(String) },
    ]);
    expect(paid()).toEqual([[1, 6]]);
    await calls.sentiments(['Nothing here.']);
    expect(struck()).toEqual([1]);
    awsLocal.control.clearFaults();
    inject({ kind: 'item_error', code: 'TEXT_SIZE_LIMIT_EXCEEDED', message: 'Too long.' });
    expect((await calls.languages()).ErrorList).toEqual([
      { Index: 2, ErrorCode: 'TEXT_SIZE_LIMIT_EXCEEDED', ErrorMessage: 'Too long.' },
    ]);
  });

  test('Comprehend: NaN as a text, which the client takes for a number; null; bare, which is no JSON', async () => {
    inject({ kind: 'not_a_number' });
    expect((await calls.sentiments()).ResultList?.[2]?.SentimentScore?.Positive).toBeNaN();
    inject({ kind: 'not_a_number' });
    expect((await calls.sentiment()).SentimentScore?.Positive).toBeNaN();
    inject({ kind: 'not_a_number' });
    expect((await calls.languages()).ResultList?.[2]?.Languages?.[0]?.Score).toBeNaN();
    inject({ kind: 'not_a_number', as: 'null' });
    expect(Object.keys((await calls.sentiment()).SentimentScore ?? {})).not.toContain('Positive');
    inject({ kind: 'not_a_number', as: 'bare' });
    expect((await errorOf(calls.sentiment())).name).toBe('SyntaxError');
  });

  test('Titan: no number, all zeros, another width', async () => {
    inject({ kind: 'not_a_number' });
    expect((await calls.vector())[0]).toBeNull();
    inject({ kind: 'not_a_number', as: 'text' });
    expect((await calls.vector())[0]).toBe('NaN');
    inject({ kind: 'zero_vector' });
    expect(new Set(await calls.vector())).toEqual(new Set([0]));
    inject({ kind: 'width', dimensions: 7 });
    expect(await calls.vector()).toHaveLength(7);
    expect(await calls.vector()).toHaveLength(1_024);
  });

  test('a poison text ends its own call, and no other', async () => {
    inject({ kind: 'model_error', original_status: 400 }, { input: { contains: 'poison' } });
    expect((await errorOf(calls.model('a poison text'))).name).toBe('ModelErrorException');
    await calls.model('a harmless text');
    expect(struck()).toEqual([1]);
  });
});

describe('late', () => {
  test('latency, a cold start and a dripping body add up, and nothing else is wrong', async () => {
    inject({ kind: 'latency', latency_ms: 60, jitter_ms: 20 }, {});
    inject({ kind: 'cold_start', latency_ms: 100 }, {});
    inject({ kind: 'drip', duration_ms: 100 }, {});
    const beginMs = performance.now();
    expect(await calls.vector()).toHaveLength(1_024);
    expect(performance.now() - beginMs).toBeGreaterThan(250);
    expect(await calls.vector()).toHaveLength(1_024);
    expect(struck()).toEqual([2, 1, 2]); // warm by now
  });

  test('a clock that is an hour ahead draws the client’s along', async () => {
    inject({ kind: 'skewed_date', skew_ms: 3_600_000 }, {});
    const own = awsSdkClients(awsLocal.url);
    const dates: string[] = [];
    own.comprehend.middlewareStack.add(
      (next) => async (given) => {
        dates.push(
          String((given.request as { readonly headers: Record<string, string> }).headers['x-amz-date']),
        );
        return await next(given);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    for (let call = 0; call < 2; call += 1) {
      await own.comprehend.send(new DetectSentimentCommand({ Text: 'Good.', LanguageCode: 'en' }));
    }
    own.close();
    const [first = '', second = ''] = dates.map((date) => date.slice(0, 11));
    expect(second > first).toBe(true);
  });
});
