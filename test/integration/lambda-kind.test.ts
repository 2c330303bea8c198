// The lambda kind as the enricher uses it, through the real client over real sockets.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { createLambda } from '../../shared/aws/lambda.ts';
import type { AwsSettings } from '../../shared/aws/settings.ts';
import { enrichment as enrichmentSchema } from '../../shared/config/definition.ts';
import type { Fault } from '../../shared/errors/policy.ts';
import { openModel } from '../../shared/models/index.ts';
import { createLambdaModel } from '../../shared/models/lambda/model.ts';
import type { Outcome } from '../../shared/models/model.ts';
import { ODD, scoreOf } from '../support/functions/scores.ts';

const NEVER = new AbortController().signal;
const SETTINGS = { kind: 'lambda', version: '1', timeout: '3s', memory_mb: 128 };
const moduleOf = (name: string): URL => new URL(`../support/functions/${name}.ts`, import.meta.url);

let awsLocal: AwsLocal;
let settings: AwsSettings;
beforeAll(async () => {
  const scores = { module: moduleOf('scores'), timeoutMs: 30_000 };
  const impatient = { module: moduleOf('scores'), timeoutMs: 300 };
  const unloadable = { module: moduleOf('unloadable') };
  awsLocal = await startAwsLocal({
    port: 0,
    seed: 1,
    functions: { scores, 'scores:live': scores, impatient, unloadable },
  });
  settings = { mode: 'local', endpoint: awsLocal.url };
});
afterAll(() => awsLocal.close());
afterEach(() => awsLocal.control.reset());

const openFunction = (model: object = {}) => {
  const definition = { from: 'rows', input: ['amount'], output: { score: 'float' } };
  const all = { ...definition, model: { ...SETTINGS, function: 'scores', ...model } };
  return openModel(enrichmentSchema.parse(all), settings, 4);
};
const items = (...firsts: number[]) => firsts.map((first) => ({ input: [first, 1] }));

/** What became of a call: the faults of its items, or the fault that it ended with. */
async function told<Result>(call: Promise<readonly Outcome<Result>[]>): Promise<unknown> {
  try {
    return (await call).map((outcome) => (outcome.kind === 'rejected' ? outcome.fault.code : outcome.result));
  } catch (error) {
    return `${(error as Fault).kind} ${(error as Fault).code}`;
  }
}
const score = (first: number) => ({ score: scoreOf([first]) });
const counted = () => awsLocal.control.calls().operations[0];

test('many rows are one call, each has its own result, and the call is paid by time-out x memory', async () => {
  using opened = await openFunction({ qualifier: 'live' });
  const firsts = Array.from({ length: 100 }, (_, place) => place);
  const outcomes = await opened.model.call(items(...firsts), NEVER);
  expect(outcomes.map((outcome) => (outcome.kind === 'ok' ? outcome.result : undefined))).toEqual(
    firsts.map(score),
  );
  expect(counted()).toMatchObject({ calls: 1, rows: 100, paid_calls: 1 });
  const cost = outcomes.reduce((sum, each) => sum + (each.kind === 'ok' ? each.costNanoUsd : 0), 0);
  // 3 s of an eighth of a GB, and one request.
  expect(cost).toBe(Math.ceil((3 * 16_666.7) / 8) + 200);
  expect(opened.model.boundNanoUsd(items(1))).toBe(cost);
});

describe('only those rows fail', () => {
  test('that the function leaves out, answers twice, or answers with what is no number', async () => {
    using opened = await openFunction();
    const call = opened.model.call(items(1, ODD.leftOut, 2, ODD.twice, 3, ODD.unlike), NEVER);
    expect(await told(call)).toEqual([
      score(1),
      'missing_key',
      score(2),
      'repeated_key',
      score(3),
      'not_finite',
    ]);
  });
});

describe('a function that fails', () => {
  test.each([
    ['throws', 'scores', ODD.throwing, 'FunctionError'],
    ['ends its process', 'scores', ODD.ending, 'Runtime.ExitError'],
    ['takes too long', 'impatient', ODD.hanging, 'Sandbox.Timedout'],
  ])('%s: a batch is to be halved, a row is asked once more', async (_what, name, odd, code) => {
    using opened = await openFunction({ function: name });
    expect(await told(opened.model.call(items(1, odd), NEVER))).toBe(`rejected_batch ${code}`);
    expect(await opened.model.call(items(odd), NEVER)).toMatchObject([
      { kind: 'rejected', isWorthOneRetry: true, fault: { kind: 'rejected_item', code } },
    ]);
    expect(counted()?.paid_calls).toBe(2);
    using patient = await openFunction();
    expect(await told(patient.model.call(items(1), NEVER))).toEqual([score(1)]);
  });

  test('because its answer is too long is asked for less at a time, and never the same again', async () => {
    using opened = await openFunction();
    const code = 'Function.ResponseSizeTooLarge';
    expect(await told(opened.model.call(items(1, ODD.huge), NEVER))).toBe(`rejected_batch ${code}`);
    const [alone] = await opened.model.call(items(ODD.huge), NEVER);
    expect(alone).toMatchObject({ kind: 'rejected', fault: { kind: 'rejected_item', code } });
    expect(alone).not.toHaveProperty('isWorthOneRetry');
  });

  test('because it cannot be loaded is not set up', async () => {
    using opened = await openFunction({ function: 'unloadable' });
    expect(await told(opened.model.call(items(1), NEVER))).toBe('set_up Runtime.ImportModuleError');
  });
});

test.each<[string, FaultRule['fault'], unknown]>([
  ['results in another order', { kind: 'reordered' }, [score(1), score(2), score(3)]],
  ['a result too few', { kind: 'rows', change: -1 }, ['missing_key', score(2), score(3)]],
  ['a result too many', { kind: 'rows', change: 1 }, 'contract key'],
  ['a result twice', { kind: 'repeated_index' }, ['missing_key', score(2), 'repeated_key']],
  ['an empty body', { kind: 'empty' }, 'contract empty_answer'],
  ['a page', { kind: 'malformed' }, 'contract not_json'],
  ['a cut body', { kind: 'truncated' }, 'contract not_json'],
  ['a failed function', { kind: 'function_error' }, 'rejected_batch FunctionError'],
  ['throttled', { kind: 'throttle' }, 'throttled TooManyRequestsException'],
  ['500', { kind: 'error', status: 500 }, 'unavailable ServiceException'],
  [
    'no permission',
    { kind: 'named', name: 'AccessDeniedException', status: 403 },
    'set_up AccessDeniedException',
  ],
  [
    'a network of its own in the way',
    { kind: 'named', name: 'ENILimitReachedException', status: 502 },
    'unavailable ENILimitReachedException',
  ],
  [
    'being changed',
    { kind: 'named', name: 'ResourceConflictException', status: 409 },
    'unavailable ResourceConflictException',
  ],
  [
    'too large',
    { kind: 'named', name: 'RequestTooLargeException', status: 413 },
    'rejected_batch RequestTooLargeException',
  ],
  ['a reset', { kind: 'cut', place: 'before_answer' }, 'unavailable ECONNRESET'],
  ['a proxy', { kind: 'bare', status: 503, body: 'html' }, 'unavailable SyntaxError'],
])('answers with %s: a named fault, and the right rows keep theirs', async (_name, fault, expected) => {
  using opened = await openFunction();
  awsLocal.control.addFault({ fault });
  expect(await told(opened.model.call(items(1, 2, 3), NEVER))).toEqual(expected);
});

test('a function or an alias nobody made is set_up, in the service’s words', async () => {
  for (const model of [{ function: 'scors' }, { qualifier: 'next' }]) {
    using opened = await openFunction(model);
    const fault: unknown = await opened.model.call(items(1), NEVER).catch((error: unknown) => error);
    expect(fault).toMatchObject({ kind: 'set_up', code: 'ResourceNotFoundException' });
    expect((fault as Fault).message).toContain('Function not found: arn:aws:lambda:');
  }
});

test('a function that never answers is ended by our deadline, and by a shutdown at once', async () => {
  awsLocal.control.addFault({ fault: { kind: 'stall', place: 'before_answer' } });
  const client = createLambda(settings, { requestTimeoutMs: 60_000 });
  const config = { function: 'scores', version: '1', timeout: 3_000, memory_mb: 128 } as const;
  const model = createLambdaModel(
    { ...config, architecture: 'x86_64', batch: { rows: 10, wait: 10 } },
    client,
    { outputs: ['score'], deadlineMs: 200 },
  );
  expect(await told(model.call(items(1), NEVER))).toBe('unavailable deadline');
  expect(await told(model.call(items(1), AbortSignal.abort()))).toBe('unavailable shutdown');
  client.close();
});
