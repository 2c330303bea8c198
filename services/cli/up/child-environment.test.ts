import { expect, test } from 'vitest';
import { childEnvironment } from './child-environment.ts';

const SHELL = {
  PATH: '/usr/bin',
  HOME: '/home/me',
  LC_ALL: 'C.UTF-8',
  AWS_REGION: 'eu-west-1',
  AWS_PROFILE: 'production',
  AWS_ACCESS_KEY_ID: 'AKIA',
  AWS_ENDPOINT_URL: 'https://elsewhere.example.com',
  DATABASE_URL: 'postgres://production.example.com/shop',
  PGPASSWORD: 'secret',
  NODE_OPTIONS: '--inspect',
  FRAUD_ENDPOINT: 'fraud-2',
};
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write, not a template.
const DEFINITION = 'endpoint: ${FRAUD_ENDPOINT:-fraud-xgboost}\nversion: ${MODEL_VERSION}\n';
const OWN = {
  DATABASE_URL: 'postgres://127.0.0.1/embedded',
  AFTERGLOW_AWS: 'local',
  AFTERGLOW_AWS_LOCAL_URL: undefined,
};

test('a child gets what it needs to run, what the definition names, and where its parts are', () => {
  expect(childEnvironment(SHELL, DEFINITION, OWN)).toEqual({
    PATH: '/usr/bin',
    HOME: '/home/me',
    LC_ALL: 'C.UTF-8',
    FRAUD_ENDPOINT: 'fraud-2',
    DATABASE_URL: 'postgres://127.0.0.1/embedded',
    AFTERGLOW_AWS: 'local',
  });
});

test('AWS variables reach it only when real AWS was asked for', () => {
  const own = { AFTERGLOW_AWS: 'real', AWS_REGION: 'eu-west-1' };
  expect(childEnvironment({ PATH: '/usr/bin' }, '', own)).toEqual({ PATH: '/usr/bin', ...own });
  expect(childEnvironment({ PATH: '/usr/bin' }, '', { ...own, AFTERGLOW_AWS: 'local' })).not.toHaveProperty(
    'AWS_REGION',
  );
});
