import { describe, expect, test } from 'vitest';
import { connection } from './connection.ts';
import { awsSettings, LOCAL_REGION } from './settings.ts';

const URL = 'http://127.0.0.1:4100';
const SOMEONES_SHELL = {
  AWS_REGION: 'eu-central-1',
  AWS_PROFILE: 'production',
  AWS_ENDPOINT_URL: 'https://example.invalid',
  AWS_ACCESS_KEY_ID: 'someone',
  AWS_BEARER_TOKEN_BEDROCK: 'someone',
};

describe('which Amazon is meant', () => {
  test.each([undefined, '', 'local'])(
    'AFTERGLOW_AWS=%s stays local, whatever else the shell says',
    (mode) => {
      const environment = { ...SOMEONES_SHELL, AFTERGLOW_AWS: mode, AFTERGLOW_AWS_LOCAL_URL: URL };
      expect(awsSettings(environment)).toEqual({ mode: 'local', endpoint: URL });
    },
  );

  test('AFTERGLOW_AWS=real ignores the stand-in', () => {
    const environment = { ...SOMEONES_SHELL, AFTERGLOW_AWS: 'real', AFTERGLOW_AWS_LOCAL_URL: URL };
    expect(awsSettings(environment)).toEqual({ mode: 'real', region: 'eu-central-1' });
  });

  test.each([
    ['a misspelt mode', { AFTERGLOW_AWS: 'Real', AFTERGLOW_AWS_LOCAL_URL: URL }, 'usage'],
    ['no stand-in', SOMEONES_SHELL, 'model_service_unreachable'],
    ['an address that is none', { AFTERGLOW_AWS_LOCAL_URL: '127.0.0.1:4100' }, 'usage'],
    ['an address of another kind', { AFTERGLOW_AWS_LOCAL_URL: 'https://runtime.sagemaker' }, 'usage'],
  ])('%s is refused, never replaced by the real one', (_name, environment, code) => {
    expect(() => awsSettings(environment)).toThrow(expect.objectContaining({ code }));
  });
});

describe('what a client is built with', () => {
  const limits = { callsMax: 8, requestTimeoutMs: 70_000 };

  test('local names everything a client would look up elsewhere', () => {
    expect(connection({ mode: 'local', endpoint: URL }, limits)).toMatchObject({
      endpoint: URL,
      region: LOCAL_REGION,
      credentials: { accessKeyId: expect.any(String) },
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      maxAttempts: 1,
    });
  });

  test('real leaves endpoint and credentials to the default chain', () => {
    const real = connection({ mode: 'real', region: undefined }, limits);
    for (const name of ['endpoint', 'credentials', 'region']) expect(real).not.toHaveProperty(name);
    expect(connection({ mode: 'real', region: 'eu-central-1' }, limits)).toHaveProperty(
      'region',
      'eu-central-1',
    );
  });

  test('one attempt, a sized pool, a time-out that throws', async () => {
    const { maxAttempts, requestHandler } = connection({ mode: 'real', region: undefined }, limits);
    expect(maxAttempts).toBe(1);
    expect(requestHandler.metadata.handlerProtocol).toBe('http/1.1');
  });
});
