// The stand-in over a socket: its protocols as any client sees them, and its controls.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { createSagemakerRuntime, type SagemakerRuntime } from '../../shared/aws/sagemaker-runtime.ts';
import { awsSettings } from '../../shared/aws/settings.ts';
import { createSagemakerModel } from '../../shared/models/sagemaker/model.ts';

const NEVER = new AbortController().signal;
const ROW = '45.5,1,1,14,3.2,0';
const SIGNED = {
  authorization: `AWS4-HMAC-SHA256 Credential=A/20261120/us-east-1/sagemaker/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
  'x-amz-date': '20261120T091502Z',
};

let awsLocal: AwsLocal;
let client: SagemakerRuntime;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  client = createSagemakerRuntime(awsSettings({ AFTERGLOW_AWS_LOCAL_URL: awsLocal.url }));
});
afterAll(async () => {
  client.close();
  await awsLocal.close();
});
afterEach(() => awsLocal.control.reset());

const post = (path: string, headers: Record<string, string>, body: string) =>
  fetch(`${awsLocal.url}${path}`, { method: 'POST', headers, body });
const invocations = '/endpoints/fraud-xgboost/invocations';

describe('InvokeEndpoint', () => {
  test('rows come back scored in their order, from CSV and JSON alike', async () => {
    const body = `${ROW}\n1.99,8,0,3,-1,6`;
    const request = { endpoint: 'my-fraud-7', body, contentType: 'text/csv' };
    const csv = await client.invokeEndpoint({ ...request, accept: 'text/csv' }, NEVER);
    const json = await client.invokeEndpoint({ ...request, accept: 'application/json' }, NEVER);
    const scores = csv.body.trim().split('\n').map(Number);
    expect(scores).toEqual([expect.closeTo(0, 1), expect.closeTo(1, 1)]);
    expect(JSON.parse(json.body)).toEqual({ predictions: scores.map((score) => ({ score })) });
    expect(csv.contentType).toBe('text/csv; charset=utf-8');
  });

  test('answers carry the headers of the service, also below a base path', async () => {
    const answer = await post(`/base${invocations}`, { ...SIGNED, 'content-type': 'text/csv' }, ROW);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get('x-amzn-invoked-production-variant')).toBe('AllTraffic');
    expect(Math.abs(Date.parse(answer.headers.get('date') ?? '') - Date.now())).toBeLessThan(60_000);
    expect(answer.headers.get('keep-alive')).toBe('timeout=600');
  });

  test('an error has its name in header and body', async () => {
    const answer = await post(invocations, { ...SIGNED, 'content-type': 'text/csv' }, '1,2,3');
    expect(answer.status).toBe(424);
    expect(answer.headers.get('x-amzn-errortype')).toBe('ModelError');
    expect(await answer.json()).toMatchObject({
      __type: 'ModelError',
      OriginalStatusCode: 400,
      OriginalMessage: expect.stringContaining('Feature size of csv inference data 3 is not consistent'),
      LogStreamArn: expect.stringContaining('arn:aws:logs:'),
    });
  });

  test.each([
    ['no signature', {}, invocations, ROW, 403, 'MissingAuthenticationTokenException'],
    [
      'an endpoint with an encoded slash',
      SIGNED,
      '/endpoints/a%2Fb/invocations',
      ROW,
      400,
      'ValidationError',
    ],
    ['a broken escape', SIGNED, '/endpoints/%zz/invocations', ROW, 400, 'ValidationError'],
    [
      'another operation',
      SIGNED,
      '/endpoints/fraud/async-invocations',
      ROW,
      404,
      'UnknownOperationException',
    ],
    ['more than the container takes', SIGNED, invocations, ' '.repeat(6_291_457), 424, 'ModelError'],
    ['more than the service takes', SIGNED, invocations, ' '.repeat(26_214_401), 400, 'ValidationError'],
  ])('%s', async (_name, headers, path, body, status, name) => {
    const answer = await post(path, { ...headers, 'content-type': 'text/csv' }, body);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([status, name]);
  });

  test('a poison row ends its batch, and not the one beside it', async () => {
    awsLocal.control.addFault({
      endpoint: 'fraud-xgboost',
      input: { column: 0, equals: 4711 },
      fault: { kind: 'model_error', original_status: 400 },
    });
    const config = { endpoint: 'fraud-xgboost', version: '1', format: 'csv' } as const;
    const model = createSagemakerModel(config, client, { outputs: ['score'] });
    const item = (amount: number) => ({ input: [amount, 1, 1, 14, 3.2, 0] });
    await expect(model.call([item(1), item(4711)], NEVER)).rejects.toMatchObject({ kind: 'rejected_batch' });
    expect(await model.call([item(4711)], NEVER)).toMatchObject([{ fault: { kind: 'rejected_item' } }]);
    expect(await model.call([item(1), item(2)], NEVER)).toMatchObject([{ kind: 'ok' }, { kind: 'ok' }]);
  });
});

describe('controls', () => {
  const json = { 'content-type': 'application/json' };

  test('faults are added, listed and removed, calls counted, all of it reset', async () => {
    const fault = { kind: 'throttle' };
    const added = await post('/_control/faults', json, JSON.stringify({ fault, calls: 3 }));
    expect(added.status).toBe(201);
    const { id } = (await added.json()) as { id: number };
    const listed = await fetch(`${awsLocal.url}/_control/faults`);
    expect(await listed.json()).toMatchObject([{ id, rule: { fault }, struck: 0, left: 3 }]);
    const gone = await fetch(`${awsLocal.url}/_control/faults/${id}`, { method: 'DELETE' });
    expect(await gone.json()).toEqual([]);
    await post(invocations, { ...SIGNED, 'content-type': 'text/csv' }, ROW);
    const calls = await fetch(`${awsLocal.url}/_control/calls`);
    expect(await calls.json()).toMatchObject({ operations: [{ calls: 1, rows: 1, statuses: { 200: 1 } }] });
    expect((await post('/_control/reset', json, '')).status).toBe(200);
    expect(awsLocal.control.calls().operations).toEqual([]);
  });

  test.each([
    ['no JSON', '{', 400],
    ['an unknown kind', '{"fault":{"kind":"explode"}}', 400],
    ['a prototype', '{"__proto__":{"fault":{"kind":"empty"}}}', 400],
    ['too much', `{"fault":{"kind":"empty"},"endpoint":"${'x'.repeat(70_000)}"}`, 413],
  ])('%s is refused', async (_name, body, status) => {
    expect((await post('/_control/faults', json, body)).status).toBe(status);
    expect(awsLocal.control.faults()).toEqual([]);
  });

  test.each([
    ['a page elsewhere', 'Host: 127.0.0.1\r\nOrigin: https://example.com'],
    ['a page without an origin', 'Host: localhost\r\nSec-Fetch-Site: cross-site'],
    ['a sandboxed page', 'Host: localhost\r\nOrigin: null'],
    ['a name bound to this address', 'Host: example.com:4100'],
    ['a name that looks like ours', 'Host: 127.0.0.1.example.com'],
  ])('%s may not control it', async (_name, headers) => {
    const body = '{"fault":{"kind":"empty"}}';
    const answer = await raw(
      `POST /_control/faults HTTP/1.1\r\n${headers}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
    expect(awsLocal.control.faults()).toEqual([]);
  });

  test('metrics, liveness and readiness', async () => {
    await post(invocations, { ...SIGNED, 'content-type': 'text/csv' }, ROW);
    const metrics = await fetch(`${awsLocal.url}/metrics`);
    expect(await metrics.text()).toMatch(/afterglow_aws_local_calls_total\{.*endpoint="fraud-xgboost"\} 1/);
    for (const page of ['livez', 'readyz']) expect((await fetch(`${awsLocal.url}/${page}`)).status).toBe(200);
  });

  /** fetch sets Host and Origin itself, so these requests are written by hand. */
  async function raw(request: string): Promise<string> {
    const socket = connect(awsLocal.port, '127.0.0.1');
    socket.write(request);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return answer.toString('latin1');
  }
});

test('a request that arrives in small pieces is answered, and a connection without one is closed', async () => {
  const request = Buffer.from('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  for (const pieces of [1, 2, 20]) {
    const socket = connect(awsLocal.port, '127.0.0.1').setNoDelay(true);
    for (let start = 0; start < request.length; start += Math.ceil(request.length / pieces)) {
      const piece = request.subarray(start, start + Math.ceil(request.length / pieces));
      await new Promise((written) => socket.write(piece, written));
    }
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
  }
  for (const words of ['', 'PR']) {
    const silent = connect({ port: awsLocal.port, host: '127.0.0.1', allowHalfOpen: true });
    silent.end(words);
    silent.resume();
    await once(silent, 'close');
  }
});

test('a port that is taken is an error, not another port', async () => {
  await expect(startAwsLocal({ port: awsLocal.port, seed: 1 })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
