// Credentials that a service takes no more: the real clients, a place that gives new ones, and a service that wants those.
import { once } from 'node:events';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createBedrockRuntime } from '../../shared/aws/bedrock-runtime.ts';
import { createComprehend } from '../../shared/aws/comprehend.ts';
import { createSagemakerRuntime } from '../../shared/aws/sagemaker-runtime.ts';
import type { AwsSettings } from '../../shared/aws/settings.ts';

const NEVER = new AbortController().signal;
const REAL: AwsSettings = { mode: 'real', region: 'eu-central-1' };

afterEach(() => vi.unstubAllEnvs());

/** Gives out session after session, and takes none before the `wanted`th. */
async function service(wanted: number) {
  let given = 0;
  let calls = 0;
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/credentials') {
      const session = {
        AccessKeyId: `KEY${++given}`,
        SecretAccessKey: 'secret',
        Token: `session-${given}`,
        Expiration: new Date(Date.now() + 3_600_000).toISOString(),
      };
      response.end(JSON.stringify(session));
      return;
    }
    calls++;
    request.resume();
    request.on('end', () => {
      if (Number(/session-(\d+)/.exec(String(request.headers['x-amz-security-token']))?.[1]) >= wanted) {
        response.end('{}');
        return;
      }
      response.statusCode = 403;
      response.setHeader('x-amzn-errortype', 'ExpiredTokenException');
      response.end('{"__type":"ExpiredTokenException","message":"The security token included is expired"}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const shell = {
    AWS_ENDPOINT_URL: url,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials`,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_PROFILE: undefined,
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_SESSION_TOKEN: undefined,
    AWS_BEARER_TOKEN_BEDROCK: undefined,
  };
  for (const [name, value] of Object.entries(shell)) vi.stubEnv(name, value);
  return {
    given: () => given,
    calls: () => calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

const CALLS: readonly (readonly [
  string,
  () => { call(signal?: AbortSignal): Promise<unknown>; close(): void },
])[] = [
  [
    'SageMaker',
    () => {
      const client = createSagemakerRuntime(REAL);
      const request = { endpoint: 'fraud', body: '1', contentType: 'text/csv', accept: 'text/csv' };
      return {
        call: (signal = NEVER) => client.invokeEndpoint(request, signal),
        close: () => client.close(),
      };
    },
  ],
  [
    'Comprehend',
    () => {
      const client = createComprehend(REAL);
      return {
        call: (signal = NEVER) => client.batchDetectSentiment(['good'], 'en', signal),
        close: () => client.close(),
      };
    },
  ],
  [
    'Bedrock',
    () => {
      const client = createBedrockRuntime(REAL);
      const request = { modelId: 'amazon.titan-embed-text-v2:0', body: '{"inputText":"good"}' };
      return { call: (signal = NEVER) => client.invokeModel(request, signal), close: () => client.close() };
    },
  ],
];

test.each(CALLS)(
  '%s: calls that meet an expired token are sent once more with new credentials, fetched once',
  async (_, open) => {
    await using aws = await service(2);
    const client = open();
    await Promise.all(Array.from({ length: 8 }, () => client.call()));
    expect(aws.given()).toBe(2);
    expect(aws.calls()).toBeLessThanOrEqual(16);
    await client.call();
    expect(aws.given()).toBe(2);
    client.close();
  },
);

test('credentials that are refused again are the set-up: the refusal stands after one refresh', async () => {
  await using aws = await service(3);
  const client = createSagemakerRuntime(REAL);
  const request = { endpoint: 'fraud', body: '1', contentType: 'text/csv', accept: 'text/csv' };
  await expect(client.invokeEndpoint(request, NEVER)).rejects.toMatchObject({
    name: 'ExpiredTokenException',
  });
  expect({ given: aws.given(), calls: aws.calls() }).toEqual({ given: 2, calls: 2 });
  client.close();
});

test('where there are no other credentials nothing is sent again', async () => {
  await using aws = await service(1);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'SOMEONE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  const client = createSagemakerRuntime(REAL);
  const request = { endpoint: 'fraud', body: '1', contentType: 'text/csv', accept: 'text/csv' };
  await expect(client.invokeEndpoint(request, NEVER)).rejects.toMatchObject({
    name: 'ExpiredTokenException',
  });
  expect({ given: aws.given(), calls: aws.calls() }).toEqual({ given: 0, calls: 1 });
  client.close();
});

test.each(CALLS)(
  '%s: a call ends when it is told to, though whoever gives credentials never answers',
  async (_, open) => {
    const asked = Promise.withResolvers<void>();
    const silent = createServer(() => asked.resolve());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    using folder = mkdtempDisposableSync(join(tmpdir(), 'afterglow-token-'));
    writeFileSync(join(folder.path, 'token'), 'token');
    // As a role of Kubernetes has them: this way of all has no time-out of its own.
    const shell = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      AWS_WEB_IDENTITY_TOKEN_FILE: join(folder.path, 'token'),
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/afterglow',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_PROFILE: undefined,
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_SESSION_TOKEN: undefined,
      AWS_BEARER_TOKEN_BEDROCK: undefined,
    };
    for (const [name, value] of Object.entries(shell)) vi.stubEnv(name, value);
    const client = open();
    const ending = new AbortController();
    const call = client.call(ending.signal);
    await Promise.race([asked.promise, call]);
    ending.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await expect(client.call(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    client.close();
    silent.closeAllConnections();
    await once(silent.close(), 'close');
  },
);
