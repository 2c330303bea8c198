// Whom the clients reach, in a shell in which everything points at someone's real account.
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { createSagemakerRuntime } from '../../shared/aws/sagemaker-runtime.ts';
import { awsSettings } from '../../shared/aws/settings.ts';

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
  const server = createServer((request, response) => {
    seen.push(request.headers);
    response.end('0.5');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const shell = {
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url,
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
  return { seen, [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) };
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
