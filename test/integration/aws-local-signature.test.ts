// Signatures of the real clients, recomputed: every service, names that need encoding, both protocols, and what is refused.
import { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { LOCAL_CREDENTIALS } from '../../shared/aws/settings.ts';
import { type AwsSdkClients, awsSdkClients, errorOf } from '../support/aws-sdk.ts';
import { standInCalls, TITAN_V2 } from '../support/stand-in-calls.ts';

let awsLocal: AwsLocal;
let clients: AwsSdkClients;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  awsLocal.control.changeChecks({ signature: 'recomputed' });
  clients = awsSdkClients(awsLocal.url);
});
afterAll(async () => {
  clients.close();
  await awsLocal.close();
});

const sts = (credentials: { accessKeyId: string; secretAccessKey: string }, systemClockOffset = 0) =>
  new STSClient({
    endpoint: awsLocal.url,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
    systemClockOffset,
  });
const bedrock = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new BedrockRuntimeClient({ endpoint: awsLocal.url, region: 'us-east-1', credentials, maxAttempts: 1 });

test('right ones pass, of every service and for names that are encoded twice', async () => {
  for (const call of Object.values(standInCalls(clients).byService)) await call();
  const names = ['my fraud', 'fraud:a*(b)', 'fraud/é'];
  for (const EndpointName of names) {
    await clients.sagemaker.send(
      new InvokeEndpointCommand({ EndpointName, Body: '45.5,1,1,14,3.2,0', ContentType: 'text/csv' }),
    );
  }
  await sts(LOCAL_CREDENTIALS).send(new GetCallerIdentityCommand({}));
  const answered = awsLocal.control
    .calls()
    .operations.reduce((sum, count) => sum + (count.statuses[200] ?? 0), 0);
  expect(answered).toBe(8);
});

test('right ones pass over HTTP/2, too', async () => {
  const client = bedrock(LOCAL_CREDENTIALS);
  const answer = await client.send(new InvokeModelCommand({ modelId: TITAN_V2, body: '{"inputText":"a"}' }));
  expect(answer.$metadata.httpStatusCode).toBe(200);
  client.destroy();
});

test.each([
  ['another key', { ...LOCAL_CREDENTIALS, accessKeyId: 'SOMEONE' }, 'UnrecognizedClientException'],
  ['another secret', { ...LOCAL_CREDENTIALS, secretAccessKey: 'guessed' }, 'InvalidSignatureException'],
])('%s is 403', async (_name, credentials, name) => {
  const client = bedrock(credentials);
  const error = await errorOf(
    client.send(new InvokeModelCommand({ modelId: TITAN_V2, body: '{"inputText":"a"}' })),
  );
  expect([error.name, error.status]).toEqual([name, 403]);
  client.destroy();
});

test('a clock that is ten minutes off is 403', async () => {
  const error = await errorOf(sts(LOCAL_CREDENTIALS, 600_000).send(new GetCallerIdentityCommand({})));
  expect([error.name, error.status]).toEqual(['SignatureDoesNotMatch', 403]);
});

test('a body that is not the signed one is 403', async () => {
  let signed: Record<string, string> = {};
  let path = '';
  const call = new InvokeEndpointCommand({
    EndpointName: 'fraud',
    Body: '1,1,1,1,1,1',
    ContentType: 'text/csv',
  });
  call.middlewareStack.add(
    (next) => async (given) => {
      const request = given.request as { readonly headers: Record<string, string>; readonly path: string };
      signed = { ...request.headers };
      path = request.path;
      return await next(given);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await clients.sagemaker.send(call);
  const { host: _host, 'content-length': _length, ...headers } = signed;
  const replay = async (body: string) =>
    (await fetch(`${awsLocal.url}${path}`, { method: 'POST', headers, body })).headers.get(
      'x-amzn-errortype',
    );
  expect([await replay('1,1,1,1,1,1'), await replay('2,1,1,1,1,1')]).toEqual([
    null,
    'InvalidSignatureException',
  ]);
});
