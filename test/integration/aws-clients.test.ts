// Whom the clients reach, in a shell in which everything points at someone's real account.
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { createBedrockRuntime } from '../../shared/aws/bedrock-runtime.ts';
import { createComprehend } from '../../shared/aws/comprehend.ts';
import { createSagemakerRuntime } from '../../shared/aws/sagemaker-runtime.ts';
import { type AwsSettings, awsSettings } from '../../shared/aws/settings.ts';
import { enrichment } from '../../shared/config/definition.ts';
import { openModel } from '../../shared/models/index.ts';

const NEVER = new AbortController().signal;

let awsLocal: AwsLocal;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
});
afterAll(() => awsLocal.close());
afterEach(() => {
  awsLocal.control.reset();
  vi.unstubAllEnvs();
});

/** Someone's shell, in which everything points at a real account. */
async function elsewhere() {
  const seen: IncomingHttpHeaders[] = [];
  const lines: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    lines.push(`${request.method} ${request.url} HTTP/${request.httpVersion}`);
    response.end(request.url === '/' || request.url?.startsWith('/model/') ? '{}' : '0.5');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const shell = {
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url,
    AWS_ENDPOINT_URL_COMPREHEND: url,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
    AWS_ACCESS_KEY_ID: 'SOMEONE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_BEARER_TOKEN_BEDROCK: 'bearer',
    AWS_USE_FIPS_ENDPOINT: 'true',
    AWS_USE_DUALSTACK_ENDPOINT: 'true',
    AWS_MAX_ATTEMPTS: '5',
    AFTERGLOW_AWS_LOCAL_URL: awsLocal.url,
  };
  for (const [name, value] of Object.entries(shell)) vi.stubEnv(name, value);
  return { seen, lines, [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) };
}

async function invoke(environment: Record<string, string | undefined>): Promise<void> {
  const runtime = createSagemakerRuntime(awsSettings(environment));
  const request = {
    endpoint: 'fraud-xgboost',
    body: '45.5,1,1,14,3.2,0',
    contentType: 'text/csv',
    accept: 'text/csv',
  };
  await runtime.invokeEndpoint(request, NEVER);
  runtime.close();
}

test('local stays local whatever someone’s shell and profile say', async () => {
  await using other = await elsewhere();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'afterglow-'));
  const file = join(folder.path, 'config');
  await writeFile(
    file,
    `[profile production]\nregion = eu-central-1\nendpoint_url = ${process.env.AWS_ENDPOINT_URL}\n`,
  );
  vi.stubEnv('AWS_CONFIG_FILE', file);
  vi.stubEnv('AWS_PROFILE', 'production');
  await invoke(process.env);
  expect(other.seen).toEqual([]);
  expect(awsLocal.control.calls().operations).toMatchObject([{ calls: 1, statuses: { 200: 1 } }]);
});

test('what local sends is signed with the dummy key for the one region', async () => {
  await using other = await elsewhere();
  await invoke({ AFTERGLOW_AWS_LOCAL_URL: process.env.AWS_ENDPOINT_URL });
  expect(other.seen[0]?.authorization).toMatch(
    /Credential=AFTERGLOWLOCAL000000\/\d{8}\/us-east-1\/sagemaker\//,
  );
  expect(other.seen[0]).not.toHaveProperty('x-amz-security-token');
  expect(other.seen[0]?.['amz-sdk-request']).toBe('attempt=1; max=1');
});

test('real never reaches the stand-in, and uses the shell’s own settings', async () => {
  await using other = await elsewhere();
  for (const name of ['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT']) vi.stubEnv(name, undefined);
  await invoke({ ...process.env, AFTERGLOW_AWS: 'real' });
  expect(awsLocal.control.calls().operations).toEqual([]);
  expect(other.seen[0]?.authorization).toMatch(/Credential=SOMEONE\/\d{8}\/eu-central-1\/sagemaker\//);
});

describe.each<[string, string, (settings: AwsSettings) => Promise<unknown>]>([
  [
    'comprehend',
    'POST /',
    async (settings) => {
      const client = createComprehend(settings);
      await client.batchDetectSentiment(['A text.'], 'en', NEVER);
      client.close();
    },
  ],
  [
    'bedrock',
    'POST /model/amazon.titan-embed-text-v2%3A0/invoke',
    async (settings) => {
      const client = createBedrockRuntime(settings);
      await client.invokeModel({ modelId: 'amazon.titan-embed-text-v2:0', body: '{"inputText":"a"}' }, NEVER);
      client.close();
    },
  ],
])('%s', (service, line, call) => {
  test('local stays local, signed with the dummy key, without a bearer token of somebody', async () => {
    await using other = await elsewhere();
    await call(awsSettings(process.env));
    expect(other.seen).toEqual([]);
    expect(awsLocal.control.calls().operations).toMatchObject([{ service, calls: 1, statuses: { 200: 1 } }]);
    await call(awsSettings({ AFTERGLOW_AWS_LOCAL_URL: process.env.AWS_ENDPOINT_URL }));
    expect(other.seen[0]?.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AFTERGLOWLOCAL000000\//);
  });

  test('one attempt over HTTP/1.1, as JSON, on a connection that is kept', async () => {
    await using other = await elsewhere();
    const settings = awsSettings({ AFTERGLOW_AWS_LOCAL_URL: process.env.AWS_ENDPOINT_URL });
    await call(settings);
    expect(other.lines).toEqual([`${line} HTTP/1.1`]);
    expect(other.seen[0]).toMatchObject({ 'amz-sdk-request': 'attempt=1; max=1', connection: 'keep-alive' });
    expect(other.seen[0]?.['content-type']).toMatch(/json/);
  });
});

test('component and variant of an endpoint are named in the headers that SageMaker reads', async () => {
  await using other = await elsewhere();
  const settings = awsSettings({ AFTERGLOW_AWS_LOCAL_URL: process.env.AWS_ENDPOINT_URL });
  using opened = await openModel(
    enrichment.parse({
      from: 'rows',
      model: {
        kind: 'sagemaker',
        endpoint: 'fraud',
        version: '1',
        inference_component: 'blue',
        target_variant: 'canary',
      },
      input: ['amount'],
      output: { score: 'float' },
    }),
    settings,
    1,
  );
  await opened.model.call([{ input: [1] }], NEVER);
  expect(other.seen[0]).toMatchObject({
    'x-amzn-sagemaker-inference-component': 'blue',
    'x-amzn-sagemaker-target-variant': 'canary',
  });
});
