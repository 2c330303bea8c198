// Functions of Lambda in the stand-in, as the real client of AWS sees them.
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { createLambda } from '../../shared/aws/lambda.ts';
import { type AwsSdkClients, awsSdkClients, errorOf } from '../support/aws-sdk.ts';
import { ODD } from '../support/functions/scores.ts';
import { until } from '../support/wait.ts';

const SEEN = { deadlineMs: 60_000 };
const moduleOf = (name: string): URL => new URL(`../support/functions/${name}.ts`, import.meta.url);

let awsLocal: AwsLocal;
let clients: AwsSdkClients;
beforeAll(async () => {
  awsLocal = await startAwsLocal({
    port: 0,
    seed: 1,
    functions: {
      scores: { module: moduleOf('scores'), timeoutMs: 30_000 },
      'scores:live': { module: moduleOf('scores'), timeoutMs: 30_000 },
      single: { module: moduleOf('scores'), timeoutMs: 30_000, concurrency: 1 },
      impatient: { module: moduleOf('scores'), timeoutMs: 300 },
      unloadable: { module: moduleOf('unloadable'), timeoutMs: 30_000 },
      missing: { module: moduleOf('nobody-wrote-this'), timeoutMs: 30_000 },
      'without-handler': { module: moduleOf('without-handler'), timeoutMs: 30_000 },
    },
  });
  clients = awsSdkClients(awsLocal.url);
});
afterAll(async () => {
  clients.close();
  await awsLocal.close();
});
afterEach(() => awsLocal.control.reset());

const rows = (...firsts: number[]) =>
  firsts.map((first, place) => ({ key: `k-${place}`, features: [first, 1] }));

async function invoke(
  name: string,
  event: unknown,
  { qualifier, type }: { qualifier?: string; type?: 'DryRun' | 'Event' } = {},
) {
  const answer = await clients.lambda.send(
    new InvokeCommand({
      FunctionName: name,
      Payload: typeof event === 'string' ? event : JSON.stringify(event),
      Qualifier: qualifier,
      InvocationType: type,
    }),
  );
  const payload: unknown = JSON.parse(answer.Payload?.transformToString() || 'null');
  return { ...answer, payload };
}
const keysOf = (payload: unknown) => (payload as readonly { key: string }[]).map(({ key }) => key);
const counted = () => awsLocal.control.calls().operations[0];

test('a function gets the event and answers with what its handler returns', async () => {
  const answer = await invoke('scores', rows(0, 1, 3));
  expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
  expect(answer.FunctionError).toBeUndefined();
  expect(answer.payload).toMatchObject([
    { key: 'k-2', score: 0.25 },
    { key: 'k-1', score: 0.5 },
    { key: 'k-0', score: 1 },
  ]);
  expect(counted()).toMatchObject({ service: 'lambda', operation: 'Invoke', endpoint: 'scores', rows: 3 });
  expect(counted()?.paid_calls).toBe(1);
  expect(counted()?.paid_units).toBeGreaterThanOrEqual(1);
});

test('what a module keeps is there in the next call, until its environment ends', async () => {
  const answered = async () =>
    ((await invoke('single', rows(1))).payload as readonly { answered: number }[])[0]?.answered;
  expect([await answered(), await answered()]).toEqual([1, 2]);
  expect((await invoke('single', rows(ODD.ending))).FunctionError).toBe('Unhandled');
  expect(await answered()).toBe(1);
});

describe('a function that fails answers 200, with its error as payload, and is paid', () => {
  test.each([
    ['throws', 'scores', ODD.throwing, 'TypeError', /^no score for/],
    ['ends its process', 'scores', ODD.ending, 'Runtime.ExitError', /exit status 1$/],
    ['takes too long', 'impatient', ODD.hanging, 'Sandbox.Timedout', / Task timed out after 0\.30 seconds$/],
    ['answers more than 6 MB', 'scores', ODD.huge, 'Function.ResponseSizeTooLarge', /6291556 bytes/],
    ['cannot be loaded', 'unloadable', 1, 'Runtime.ImportModuleError', /Cannot find the model/],
    ['is not there to be loaded', 'missing', 1, 'Runtime.ImportModuleError', /nobody-wrote-this/],
    ['has no handler', 'without-handler', 1, 'Runtime.HandlerNotFound', /without-handler\.handler/],
  ])('that %s', async (_what, name, first, errorType, errorMessage) => {
    const answer = await invoke(name, rows(1, first));
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled', payload: { errorType } });
    expect((answer.payload as { errorMessage: string }).errorMessage).toMatch(errorMessage);
    expect(counted()).toMatchObject({ paid_calls: 1, statuses: { 200: 1 } });
  });

  test('that nothing is said of answers null', async () => {
    expect(await invoke('scores', rows(ODD.nothing))).toMatchObject({ StatusCode: 200, payload: null });
  });
});

describe('what never reaches a function is refused, and not paid', () => {
  test.each([
    ['a function that is not there', 'nobody', '[]', {}, 'ResourceNotFoundException', 404],
    ['an alias that is not there', 'scores', '[]', { qualifier: 'next' }, 'ResourceNotFoundException', 404],
    ['an event that is not JSON', 'scores', '[1,', {}, 'InvalidRequestContentException', 400],
    ['an event above 6 MB', 'scores', `"${'x'.repeat(6_291_456)}"`, {}, 'RequestTooLargeException', 413],
    [
      'a call that nobody waits for',
      'scores',
      '[]',
      { type: 'Event' },
      'InvalidParameterValueException',
      400,
    ],
  ] as const)('%s', async (_what, name, event, options, errorName, status) => {
    expect(await errorOf(invoke(name, event, options))).toMatchObject({ name: errorName, status });
    expect(counted()).toMatchObject({ paid_calls: 0, statuses: { [status]: 1 } });
  });

  test('more calls at once than it has environments', async () => {
    const first = invoke('single', rows(ODD.hanging)).catch(() => undefined);
    await until(() => counted()?.calls === 1, { ...SEEN, what: 'the first call to arrive' });
    const error = await errorOf(invoke('single', rows(1)));
    expect(error).toMatchObject({ name: 'TooManyRequestsException', status: 429 });
    clients.close();
    await first;
    clients = awsSdkClients(awsLocal.url);
  });
});

test('the port asks about a function without running it, and hears what a call would', async () => {
  const client = createLambda({ mode: 'local', endpoint: awsLocal.url }, { requestTimeoutMs: 5_000 });
  const signal = AbortSignal.timeout(20_000);
  await client.check({ function: 'scores', qualifier: 'live' }, signal);
  const unknown = client.check({ function: 'scores', qualifier: 'next' }, signal);
  await expect(unknown).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  expect(awsLocal.control.calls().operations.map(({ paid_calls }) => paid_calls)).toEqual([0]);
  client.close();
});

test('a dry run runs nothing, and a function has its name, its alias or its ARN', async () => {
  expect((await invoke('scores', '[]', { type: 'DryRun' })).StatusCode).toBe(204);
  expect(counted()?.paid_calls).toBe(0);
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:scores';
  for (const name of ['scores:live', arn, `${arn}:live`]) {
    expect((await invoke(name, rows(1))).StatusCode).toBe(200);
  }
  expect((await invoke('scores', rows(1), { qualifier: 'live' })).StatusCode).toBe(200);
});

describe('faults on request', () => {
  test('a function that fails, with the name that it should have', async () => {
    awsLocal.control.addFault({ fault: { kind: 'function_error', type: 'Sandbox.Timedout' }, calls: 1 });
    const answer = await invoke('scores', rows(1));
    expect(answer).toMatchObject({ FunctionError: 'Unhandled', payload: { errorType: 'Sandbox.Timedout' } });
    expect(awsLocal.control.faults()).toMatchObject([{ struck: 1, left: 0 }]);
  });

  test.each([
    [{ kind: 'rows', change: -1 }, ['k-2', 'k-1']],
    [{ kind: 'rows', change: 1 }, ['k-2', 'k-1', 'k-0', 'nobody-3']],
    [{ kind: 'reordered' }, ['k-0', 'k-1', 'k-2']],
    [{ kind: 'repeated_index' }, ['k-2', 'k-1', 'k-2']],
  ] as const)('%j among its results', async (fault, keys) => {
    awsLocal.control.addFault({ fault, input: { column: 0, equals: 3 } });
    expect(keysOf((await invoke('scores', rows(1, 2, 3))).payload)).toEqual(keys);
    expect(keysOf((await invoke('scores', rows(1, 2))).payload)).toEqual(['k-1', 'k-0']);
  });

  test.each([
    [{ kind: 'throttle' }, 'TooManyRequestsException', 429],
    [{ kind: 'error', status: 500 }, 'ServiceException', 500],
    [{ kind: 'bare', status: 502, body: 'html' }, 'SyntaxError', 502],
  ] as const)('%j', async (fault, name, status) => {
    awsLocal.control.addFault({ fault, calls: 1 });
    expect(await errorOf(invoke('scores', rows(1)))).toMatchObject({ name, status });
    expect(counted()?.paid_calls).toBe(0);
  });
});
