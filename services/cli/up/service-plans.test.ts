import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { definition } from '../doctor/facts-of-tests.ts';
import { type ServicePlanSettings, servicePlans } from './service-plans.ts';

const valkey = { VALKEY_URL: 'valkeys://cache', VALKEY_PASSWORD: 'secret', AFTERGLOW_VALKEY_CA: 'ca.pem' };

const settings: ServicePlanSettings = {
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
};

test('only the services that call models are told where Valkey is', () => {
  const plans = servicePlans(settings);
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

test('a score waits for no other thread to collect garbage, and text models have them all', async () => {
  const demo = await readFile(new URL('../../../afterglow.yaml', import.meta.url), 'utf8');
  const { definition: withTexts } = parseDefinition(demo, 'afterglow.yaml', {});
  if (withTexts === undefined) throw new Error('the definition of the demo cannot be read');
  const plans = servicePlans({ ...settings, definition: withTexts });
  expect(plans.map(({ name, nodeArguments = [] }) => [name, ...nodeArguments])).toEqual([
    ['reader', '--single-threaded-gc'],
    ['enricher fraud', '--single-threaded-gc'],
    ['enricher sentiment'],
    ['enricher embedding'],
    ['writer', '--single-threaded-gc'],
  ]);
});
