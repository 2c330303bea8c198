// What the clients read of errors and of STS, member by member.
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { connection } from '../../shared/aws/connection.ts';
import { type AwsSdkClients, awsSdkClients } from '../support/aws-sdk.ts';
import { standInCalls } from '../support/stand-in-calls.ts';

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

const REQUEST_ID = expect.stringMatching(/^[0-9a-f-]{36}$/);

test('GetCallerIdentity: account, ARN and user', async () => {
  const settings = { mode: 'local', endpoint: awsLocal.url } as const;
  const client = new STSClient(connection(settings, { callsMax: 1, requestTimeoutMs: 20_000 }));
  const { $metadata, ...answer } = await client.send(new GetCallerIdentityCommand({}));
  client.destroy();
  expect(answer).toEqual({
    Account: '000000000000',
    Arn: expect.stringMatching(/^arn:aws:iam::000000000000:user\//),
    UserId: expect.stringMatching(/^[A-Z0-9]{20}$/),
  });
  expect($metadata).toMatchObject({ httpStatusCode: 200, requestId: REQUEST_ID });
});

describe('an error', () => {
  test('of the model behind Bedrock names the status that the model gave', async () => {
    awsLocal.control.addFault({ calls: 1, fault: { kind: 'model_error', original_status: 500 } });
    const error: unknown = await calls.byService.bedrock().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'ModelErrorException',
      originalStatusCode: 500,
      resourceName: expect.any(String),
      message: expect.any(String),
      $fault: 'client',
      $metadata: { httpStatusCode: 424, requestId: REQUEST_ID, attempts: 1 },
    });
  });

  test.each(['comprehend', 'sagemaker', 'bedrock', 'converse'] as const)(
    'of %s has a name, a message, a status and a request id',
    async (service) => {
      awsLocal.control.addFault({ calls: 1, fault: { kind: 'error', status: 500 } });
      const error: unknown = await calls.byService[service]().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        name: service === 'sagemaker' ? 'InternalFailure' : 'InternalServerException',
        message: expect.stringMatching(/./),
        $fault: 'server',
        $metadata: { httpStatusCode: 500, requestId: REQUEST_ID, attempts: 1 },
      });
    },
  );
});
