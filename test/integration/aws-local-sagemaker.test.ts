// InvokeEndpoint as the real client sees it: the forms each container reads and writes, headers, limits and errors.
import { InvokeEndpointCommand, type InvokeEndpointCommandInput } from '@aws-sdk/client-sagemaker-runtime';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { type AwsSdkClients, awsSdkClients, errorOf } from '../support/aws-sdk.ts';

const ROWS = [
  [45.5, 1, 1, 14, 3.2, 0],
  [1.99, 8, 0, 3, -1, 6],
];
const CSV = ROWS.map((row) => row.join(',')).join('\n');
const JSON_BODY = JSON.stringify({ instances: ROWS.map((features) => ({ features })) });
const JSON_LINES = ROWS.map((features) => `${JSON.stringify({ features })}\n`).join('');
const SCORES = [expect.closeTo(0.004, 2), expect.closeTo(0.999, 2)];

let awsLocal: AwsLocal;
let clients: AwsSdkClients;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  clients = awsSdkClients(awsLocal.url);
});
afterAll(async () => {
  clients.close();
  await awsLocal.close();
});
afterEach(() => awsLocal.control.reset());

const invoke = async (EndpointName: string, Body: string, more: Partial<InvokeEndpointCommandInput> = {}) => {
  const answer = await clients.sagemaker.send(
    new InvokeEndpointCommand({ EndpointName, Body, ContentType: 'text/csv', ...more }),
  );
  return { ...answer, text: answer.Body?.transformToString() ?? '' };
};

describe('answers', () => {
  test('every member of the answer that the service sets', async () => {
    const {
      $metadata,
      Body: _body,
      text,
      ...answer
    } = await invoke('fraud-xgboost', CSV, { TargetVariant: 'blue' });
    expect(answer).toEqual({ ContentType: 'text/csv; charset=utf-8', InvokedProductionVariant: 'blue' });
    expect(text.trim().split('\n').map(Number)).toEqual(SCORES);
    expect($metadata).toMatchObject({
      httpStatusCode: 200,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test.each([
    ['fraud-linear', JSON_BODY, 'application/json', ['score', 'predicted_label'], 'predictions'],
    ['fraud-forest', JSON_BODY, 'application/json', ['score'], 'scores'],
  ] as const)('%s answers JSON with JSON', async (name, body, ContentType, members, list) => {
    const { text, ContentType: type } = await invoke(name, body, { ContentType });
    expect(type).toBe('application/json; charset=utf-8');
    const records: readonly Record<string, number>[] = JSON.parse(text)[list];
    expect(records.map(({ score }) => score)).toEqual(SCORES);
    for (const record of records) expect(Object.keys(record)).toEqual(members);
  });

  test.each(['application/jsonlines', 'application/x-jsonlines'])(
    'Linear Learner takes %s line by line',
    async (type) => {
      const { text } = await invoke('fraud-linear', JSON_LINES, { ContentType: type });
      const records = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(records).toEqual([
        { score: SCORES[0], predicted_label: 0 },
        { score: SCORES[1], predicted_label: 1 },
      ]);
    },
  );

  test('XGBoost gives JSON lines and JSON on request, as one score a record', async () => {
    const lines = await invoke('fraud-xgboost', CSV, { Accept: 'application/jsonlines' });
    const json = await invoke('fraud-xgboost', CSV, { Accept: 'application/json' });
    const records = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(JSON.parse(json.text)).toEqual({ predictions: records });
    expect(records.map((record) => Object.keys(record))).toEqual([['score'], ['score']]);
  });

  test('a name with a blank is found, and inference components are taken', async () => {
    expect((await invoke('my fraud', CSV, { InferenceComponentName: 'one' })).$metadata.httpStatusCode).toBe(
      200,
    );
  });

  test('an empty body is 204 without a body', async () => {
    const { $metadata, text } = await invoke('fraud-xgboost', '');
    expect([$metadata.httpStatusCode, text]).toEqual([204, '']);
  });
});

describe('what goes wrong in the container is ModelError with its own status', () => {
  test.each([
    ['JSON to XGBoost', 'fraud-xgboost', JSON_BODY, { ContentType: 'application/json' }, 415],
    [
      'no content type, which the client makes octet-stream',
      'fraud-xgboost',
      CSV,
      { ContentType: undefined },
      415,
    ],
    ['cells that are no numbers', 'fraud-xgboost', 'a,b,c,d,e,f', {}, 415],
    ['a wrong width', 'churn-xgboost', CSV, {}, 400],
    ['an unknown accept type', 'fraud-xgboost', CSV, { Accept: 'image/png' }, 406],
    ['too much for the container', 'fraud-xgboost', ' '.repeat(6_291_457), {}, 413],
    ['a type nobody reads', 'fraud-linear', CSV, { ContentType: 'image/png' }, 415],
    ['JSON without instances', 'fraud-linear', '{}', { ContentType: 'application/json' }, 400],
  ])('%s', async (_name, endpoint, body, more, status) => {
    const error: unknown = await invoke(endpoint, body, more).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'ModelError',
      $metadata: { httpStatusCode: 424 },
      OriginalStatusCode: status,
      OriginalMessage: expect.any(String),
      LogStreamArn: expect.stringMatching(/^arn:aws:logs:/),
      message: expect.stringContaining(`Received client error (${status}) from primary with message`),
    });
  });
});

describe('what the service itself refuses is ValidationError', () => {
  test.each([
    ['an endpoint it has not', 'unknown', CSV, {}, /Endpoint unknown of account 000000000000 not found\./],
    [
      'too many custom attributes',
      'fraud-xgboost',
      CSV,
      { CustomAttributes: 'a'.repeat(1_025) },
      /CustomAttributes/,
    ],
    ['more than 4 MB to a serverless one', 'fraud-serverless', ' '.repeat(4_194_305), {}, /oversize body/],
  ])('%s', async (_name, endpoint, body, more, message) => {
    const error = await errorOf(invoke(endpoint, body, more));
    expect([error.name, error.status]).toEqual(['ValidationError', 400]);
    expect(error.message).toMatch(message);
  });

  test('1,024 custom attributes are taken', async () => {
    await expect(
      invoke('fraud-xgboost', CSV, { CustomAttributes: 'a'.repeat(1_024) }),
    ).resolves.toBeDefined();
  });
});

test('every answer of an endpoint is a paid call without a unit, since it is paid by the hour', async () => {
  await invoke('fraud-xgboost', CSV);
  await errorOf(invoke('fraud-xgboost', '1,2'));
  expect(awsLocal.control.calls().operations).toMatchObject([
    { calls: 2, rows: 3, paid_calls: 1, paid_units: 0 },
  ]);
});
