import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Fault } from '../../shared/errors/policy.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { writerMetrics } from './metrics.ts';
import { observeDatabase } from './observe-database.ts';

function observed() {
  const registry = new Registry();
  const { readiness } = createTelemetry();
  const parts = { logger: createLogger('test', 'silent'), readiness, metrics: writerMetrics(registry) };
  const paused = async (): Promise<unknown> =>
    (await registry.getSingleMetric('afterglow_writer_paused')?.get())?.values[0]?.value;
  return { paused, readiness, session: () => observeDatabase(parts) };
}

const AWAY = new Error('Connection terminated');
const EVERY_ROW = new Fault('set_up', 'every_row_refused', 'somebody has to');

test('the writer is paused while a lane waits, for the database or for somebody, and a single conflict says nothing', async () => {
  const { paused, readiness, session } = observed();
  const observer = session();
  const [one, other] = [observer.lane('one'), observer.lane('other')];
  one.failed(AWAY, 1);
  expect(await paused()).toBe(0);
  one.failed(AWAY, 2);
  other.held(EVERY_ROW, 2_000);
  expect(await paused()).toBe(1);
  expect(Object.keys(readiness.missing)).toEqual(['database', 'other']);
  one.resumed();
  expect(await paused()).toBe(1);
  other.released();
  expect(await paused()).toBe(0);
  expect(readiness.missing).toEqual({});
});

test('a session that ended in the middle of a wait leaves the next one no pause', async () => {
  const { paused, session } = observed();
  session().lane('one').failed(AWAY, 2);
  expect(await paused()).toBe(1);
  session();
  expect(await paused()).toBe(0);
});
