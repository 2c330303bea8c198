import { expect, test } from 'vitest';
import { definition } from '../doctor/facts-of-tests.ts';
import { servicePlans } from './service-plans.ts';

test('only the services that call models are told where Valkey is', () => {
  const valkey = { VALKEY_URL: 'valkeys://cache', VALKEY_PASSWORD: 'secret', AFTERGLOW_VALKEY_CA: 'ca.pem' };
  const plans = servicePlans({
    definition,
    definitionFile: 'afterglow.yaml',
    definitionText: '',
    projectFolder: '/project',
    logFolder: '/project/logs',
    logLevel: 'info',
    shell: { ...valkey, HOME: '/home/me', DATABASE_URL: 'postgres://elsewhere/shop' },
    databaseUrls: { reader: 'postgres://r@a/b', enricher: 'postgres://e@a/b', writer: 'postgres://w@a/b' },
    brokers: ['127.0.0.1:9092'],
    awsEnvironment: { AFTERGLOW_AWS: 'local' },
  });
  const told = plans.map(({ name, environment }) => [
    name,
    Object.keys(environment).filter((variable) => variable in valkey),
  ]);
  expect(told).toEqual([
    ['reader', []],
    ['enricher fraud', Object.keys(valkey)],
    ['writer', []],
  ]);
  expect(plans[1]?.environment).toMatchObject({ ...valkey, DATABASE_URL: 'postgres://e@a/b' });
});
