// Quotas, loosened checks, what is given at the start, and the protocol that Bedrock's client prefers.
import { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { DetectSentimentCommand } from '@aws-sdk/client-comprehend';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { type AwsSdkClients, awsSdkClients, errorOf } from '../support/aws-sdk.ts';
import { standInCalls, TITAN_V2 } from '../support/stand-in-calls.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 60_000;

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

const inject = (fault: FaultRule['fault']): number => awsLocal.control.addFault({ calls: 1, fault });

describe('quotas', () => {
  test('a throttled call has each service’s status, is counted, and costs nothing', async () => {
    awsLocal.control.addQuota({ calls_per_minute: 1, burst: 1 });
    await calls.sentiments();
    for (const [service, status] of [
      ['comprehend', 400],
      ['sagemaker', 400],
      ['bedrock', 429],
      ['converse', 429],
    ] as const) {
      const error = await errorOf(calls.byService[service]());
      expect([service, error.name, error.status]).toEqual([service, 'ThrottlingException', status]);
    }
    expect(awsLocal.control.quotas()).toMatchObject([{ refused: 4 }]);
    const { operations } = awsLocal.control.calls();
    expect(operations.reduce((sum, count) => sum + count.paid_calls, 0)).toBe(1);
  });

  test('calls under way at once: the second is refused while the first one waits', async () => {
    awsLocal.control.addQuota({ concurrency: 1 });
    inject({ kind: 'latency', latency_ms: 600_000 });
    const ending = new AbortController();
    const invoke = new InvokeModelCommand({ modelId: TITAN_V2, body: '{"inputText":"a"}' });
    const first = errorOf(clients.bedrock.send(invoke, { abortSignal: ending.signal }));
    await until(() => awsLocal.control.faults()[0]?.struck === 1, {
      deadlineMs: DEADLINE_MS,
      what: 'the call to arrive',
    });
    expect((await errorOf(calls.model())).name).toBe('ThrottlingException');
    ending.abort();
    expect((await first).name).toBe('AbortError');
    // The stand-in hears of that end a moment later.
    const answers = async () => (await calls.model().catch(() => undefined)) !== undefined;
    await until(answers, { deadlineMs: DEADLINE_MS, what: 'the place of the first call to be free' });
  });
});

test('what was given at the start is there from the start, and again after a reset', async () => {
  const begun = await startAwsLocal({
    port: 0,
    seed: 1,
    faults: [{ fault: { kind: 'throttle' }, calls: 1 }],
    quotas: [{ operation: 'InvokeModel', concurrency: 0 }],
  });
  const own = awsSdkClients(begun.url);
  const call = () => own.comprehend.send(new DetectSentimentCommand({ Text: 'Good.', LanguageCode: 'en' }));
  expect((await errorOf(call())).name).toBe('ThrottlingException');
  await call();
  begun.control.addFault({ fault: { kind: 'error', status: 500 } });
  begun.control.clearQuotas();
  begun.control.reset();
  expect((await errorOf(call())).name).toBe('ThrottlingException');
  await call();
  expect(begun.control.quotas()).toMatchObject([{ rule: { concurrency: 0 }, refused: 0 }]);
  own.close();
  await begun.close();
});

test('checks can be loosened, and are back after a reset', async () => {
  const nobody = async () =>
    (await calls.sentiments(Array.from({ length: 26 }, () => 'a'.repeat(5_001)))).ResultList?.length;
  awsLocal.control.changeChecks({ batch_size: false, text_size: false });
  expect(await nobody()).toBe(26);
  awsLocal.control.changeChecks({ language: 'UnsupportedLanguageException' });
  const call = clients.comprehend.send(
    new DetectSentimentCommand({ Text: 'Goed.', LanguageCode: 'nl' as 'en' }),
  );
  expect((await errorOf(call)).name).toBe('UnsupportedLanguageException');
  awsLocal.control.reset();
  expect((await errorOf(nobody())).name).toBe('BatchSizeLimitExceededException');
});

describe('Bedrock’s client as it comes, over HTTP/2', () => {
  const plain = () =>
    new BedrockRuntimeClient({
      endpoint: awsLocal.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'A', secretAccessKey: 'B' },
      maxAttempts: 1,
    });
  const invoke = new InvokeModelCommand({ modelId: TITAN_V2, body: '{"inputText":"a"}' });

  test('calls at once are answered, errors keep name and status', async () => {
    const client = plain();
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.send(invoke)));
    expect(new Set(answers.map(({ body }) => body.length)).size).toBe(1);
    inject({ kind: 'throttle' });
    const error = await errorOf(client.send(invoke));
    expect([error.name, error.status]).toEqual(['ThrottlingException', 429]);
    client.destroy();
  });

  test('a cut connection is an error there, too', async () => {
    const client = plain();
    inject({ kind: 'cut', place: 'before_answer' });
    expect((await errorOf(client.send(invoke))).name).toMatch(/Error$/);
    client.destroy();
  });
});
