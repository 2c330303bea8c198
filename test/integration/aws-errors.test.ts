// Every error of SageMaker and STS that the real clients can meet, driven through them against the stand-in.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { classify } from '../../shared/aws/errors.ts';
import { createSagemakerRuntime } from '../../shared/aws/sagemaker-runtime.ts';
import type { AwsSettings } from '../../shared/aws/settings.ts';
import { callerIdentity } from '../../shared/aws/sts.ts';
import type { Fault, FaultKind } from '../../shared/errors/policy.ts';
import { createSagemakerModel } from '../../shared/models/sagemaker/model.ts';

const ROWS = [{ input: [45.5, 1, 1, 14, 3.2, 0] }, { input: [1.99, 8, 0, 3, -1, 6] }];
const NEVER = new AbortController().signal;
/** How long the stand-in may take to see a call, on the slowest machine. */
const SEEN = { timeout: 60_000 };

let awsLocal: AwsLocal;
let local: AwsSettings;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  local = { mode: 'local', endpoint: awsLocal.url };
});
afterAll(() => awsLocal.close());
afterEach(() => {
  awsLocal.control.reset();
  vi.unstubAllEnvs();
});

interface CallOptions {
  readonly settings?: AwsSettings;
  readonly endpoint?: string;
  readonly requestTimeoutMs?: number;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** The fault of one call by the production client and model. */
async function faultOf(options: CallOptions = {}): Promise<Fault> {
  const { settings = local, requestTimeoutMs = 10_000, deadlineMs = 10_000, signal = NEVER } = options;
  const client = createSagemakerRuntime(settings, { callsMax: 4, requestTimeoutMs });
  const config = { endpoint: options.endpoint ?? 'fraud-xgboost', version: '1', format: 'csv' } as const;
  try {
    const model = createSagemakerModel(config, client, { outputs: ['score'], deadlineMs });
    const outcomes = await model.call(ROWS, signal);
    throw new Error(`expected a fault, got ${outcomes.length} outcomes`);
  } catch (error) {
    return error as Fault;
  } finally {
    client.close();
  }
}

type Injected = FaultRule['fault'];
const named = (name: string, status: number): Injected => ({ kind: 'named', name, status });
const TABLE: readonly (readonly [string, Injected, FaultKind, string, number | undefined])[] = [
  ['throttled as SageMaker does', { kind: 'throttle', status: 400 }, 'throttled', 'ThrottlingException', 400],
  ['throttled as others do', { kind: 'throttle', status: 429 }, 'throttled', 'ThrottlingException', 429],
  ['a model still loading', named('ModelNotReadyException', 429), 'throttled', 'ModelNotReadyException', 429],
  ['500', { kind: 'error', status: 500 }, 'unavailable', 'InternalFailure', 500],
  ['503', { kind: 'error', status: 503 }, 'unavailable', 'ServiceUnavailable', 503],
  ['530', { kind: 'error', status: 530 }, 'unavailable', 'InternalDependencyException', 530],
  [
    'a container that timed out',
    { kind: 'model_error', original_status: 0 },
    'unavailable',
    'ModelError_0',
    424,
  ],
  [
    'a container that failed',
    { kind: 'model_error', original_status: 500 },
    'unavailable',
    'ModelError_500',
    424,
  ],
  [
    'a container that refused',
    { kind: 'model_error', original_status: 400 },
    'rejected_batch',
    'ModelError_400',
    424,
  ],
  [
    'a wrong content type',
    { kind: 'model_error', original_status: 415 },
    'rejected_batch',
    'ModelError_415',
    424,
  ],
  ['no permission, as 403', named('AccessDeniedException', 403), 'set_up', 'AccessDeniedException', 403],
  ['no permission, as 400', named('AccessDeniedException', 400), 'set_up', 'AccessDeniedException', 400],
  ['unknown key', named('UnrecognizedClientException', 403), 'set_up', 'UnrecognizedClientException', 403],
  ['expired token', named('ExpiredTokenException', 403), 'set_up', 'ExpiredTokenException', 403],
  ['wrong secret', named('InvalidSignatureException', 403), 'set_up', 'InvalidSignatureException', 403],
  ['a name nobody knows', named('NewException', 400), 'unknown', 'NewException', 400],
  ['a proxy’s page', { kind: 'bare', status: 503, body: 'html' }, 'unavailable', 'SyntaxError', 503],
  ['a proxy’s limit', { kind: 'bare', status: 413, body: 'html' }, 'rejected_batch', 'SyntaxError', 413],
  ['an empty 503', { kind: 'bare', status: 503, body: 'empty' }, 'unavailable', 'Unknown', 503],
  ['an empty 413', { kind: 'bare', status: 413, body: 'empty' }, 'rejected_batch', 'Unknown', 413],
  ['an empty 404', { kind: 'bare', status: 404, body: 'empty' }, 'set_up', 'Unknown', 404],
  ['cut before the answer', { kind: 'cut', place: 'before_answer' }, 'unavailable', 'ECONNRESET', undefined],
  ['cut in the body', { kind: 'cut', place: 'in_body' }, 'unavailable', 'ECONNRESET', 200],
  ['a row too few', { kind: 'rows', change: -1 }, 'contract', 'row_count', undefined],
  ['a row too many', { kind: 'rows', change: 1 }, 'contract', 'row_count', undefined],
  ['no number', { kind: 'not_a_number' }, 'contract', 'not_finite', undefined],
  ['a malformed answer', { kind: 'malformed' }, 'contract', 'row_count', undefined],
  ['204', { kind: 'empty' }, 'contract', 'empty_answer', undefined],
  ['a page as success', { kind: 'bare', status: 200, body: 'html' }, 'contract', 'row_count', undefined],
];

describe('one attempt, and the fault that the table of errors names', () => {
  for (const [what, fault, kind, code, httpStatus] of TABLE) {
    test(`${what} is ${kind}`, async () => {
      awsLocal.control.addFault({ fault, calls: 1 });
      expect(await faultOf()).toMatchObject({ kind, code, httpStatus });
      expect(awsLocal.control.faults()).toMatchObject([{ struck: 1, left: 0 }]);
      expect(awsLocal.control.calls()).toMatchObject({
        operations: [{ calls: 1, rows: 2 }],
        invocations: { distinct: 1, attempts_max: 1 },
      });
    });
  }

  test('an endpoint nobody made is set_up, in the service’s words', async () => {
    const fault = await faultOf({ endpoint: 'frud-xgboost' });
    expect(fault).toMatchObject({ kind: 'set_up', code: 'ValidationError', httpStatus: 400 });
    expect(fault.message).toContain('Endpoint frud-xgboost of account 000000000000 not found.');
    expect(fault.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  });

  test('a definition of another width is refused by the container', async () => {
    expect(await faultOf({ endpoint: 'churn-xgboost' })).toMatchObject({ kind: 'rejected_batch' });
  });
});

describe('no answer at all is unavailable', () => {
  test.each([
    ['before_answer', 'ETIMEDOUT'],
    ['in_body', 'TimeoutError'],
  ] as const)('stalled %s: the client’s own time-out throws %s', async (place, code) => {
    awsLocal.control.addFault({ fault: { kind: 'stall', place }, calls: 1 });
    // Longer than a call takes to arrive.
    expect(await faultOf({ requestTimeoutMs: 1_500 })).toMatchObject({ kind: 'unavailable', code });
    expect(awsLocal.control.faults()).toMatchObject([{ struck: 1 }]);
  });

  test.each(['before_answer', 'in_body'] as const)(
    'stalled %s: the call’s deadline ends it',
    async (place) => {
      awsLocal.control.addFault({ fault: { kind: 'stall', place }, calls: 1 });
      expect(await faultOf({ deadlineMs: 100 })).toMatchObject({ kind: 'unavailable', code: 'deadline' });
    },
  );

  test('late: the call’s deadline ends it, and the stand-in counts no answer', async () => {
    awsLocal.control.addFault({ fault: { kind: 'latency', latency_ms: 600_000 } });
    expect(await faultOf({ deadlineMs: 4_000 })).toMatchObject({ kind: 'unavailable', code: 'deadline' });
    await vi.waitFor(() => expect(awsLocal.control.calls().operations[0]?.statuses).toEqual({ 0: 1 }), SEEN);
  });

  test('a shutdown ends it at once and is told from a deadline', async () => {
    awsLocal.control.addFault({ fault: { kind: 'stall', place: 'before_answer' } });
    const stopping = new AbortController();
    const fault = faultOf({ signal: stopping.signal });
    await vi.waitFor(() => expect(awsLocal.control.calls().operations).toHaveLength(1), SEEN);
    stopping.abort();
    expect(await fault).toMatchObject({ kind: 'unavailable', code: 'shutdown' });
  });

  test('nobody listens', async () => {
    const gone = await startAwsLocal({ port: 0, seed: 1 });
    await gone.close();
    const fault = await faultOf({ settings: { mode: 'local', endpoint: gone.url } });
    expect(fault).toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED' });
  });
});

describe('a set-up that never reaches AWS', () => {
  /** A machine without any AWS settings, whatever the one that runs the tests has. */
  function withoutSettings(): void {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nowhere');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  }

  test('no region', async () => {
    withoutSettings();
    const fault = await faultOf({ settings: { mode: 'real', region: undefined } });
    expect(fault).toMatchObject({ kind: 'set_up', message: 'sagemaker: Region is missing' });
  });

  test('no credentials', async () => {
    withoutSettings();
    const fault = await faultOf({ settings: { mode: 'real', region: 'eu-central-1' } });
    expect(fault).toMatchObject({ kind: 'set_up', code: 'CredentialsProviderError' });
  });
});

test('STS speaks XML, and its errors are classified the same way', async () => {
  expect(await callerIdentity(local, NEVER)).toMatchObject({ account: '000000000000' });
  awsLocal.control.addFault({
    operation: 'GetCallerIdentity',
    fault: named('ExpiredTokenException', 403),
    calls: 1,
  });
  const error: unknown = await callerIdentity(local, NEVER).catch((thrown: unknown) => thrown);
  expect(classify(error, { service: 'sts' })).toMatchObject({ kind: 'set_up', httpStatus: 403 });
});
