// Features E2 and E4: a model that takes only so much, and one that takes its time to start.
import { expect, test } from 'vitest';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { createEnrichment, fraud, type RunningEnricher } from '../support/enrichment.ts';
import { FAULT_LENGTHS } from '../support/fault-lengths.ts';
import { firstsOf } from '../support/outcomes.ts';
import { until } from '../support/wait.ts';

const payments = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
const isPaused = async ({ registry }: RunningEnricher): Promise<boolean> =>
  ((await registry.getSingleMetric(METRIC.enricher.paused)?.get())?.values ?? []).some(
    ({ value }) => value === 1,
  );

test('calls grow up to what the model takes at once and give way there: no row is lost or archived', {
  timeout: 400_000,
}, async () => {
  await using setting = await createEnrichment(fraud('fraud', 1));
  const { control } = setting.awsLocal;
  const AT_ONCE = 12;
  const ROWS = 3_000;
  control.addFault({ fault: { kind: 'latency', latency_ms: 20 } });
  control.addQuota({ concurrency: AT_ONCE });
  await setting.publish(payments(ROWS));
  setting.start();
  const outcomes = firstsOf(await setting.settled(ROWS, 'fraud', 180_000));
  expect(outcomes.filter(({ status }) => status === 'scored').length).toBe(ROWS);
  expect(await setting.archived()).toBe(0);
  const [quota] = control.quotas();
  // Some are refused: that is how the limit is found. Few are: that is how it is kept.
  expect(quota?.refused).toBeGreaterThan(0);
  expect(quota?.refused).toBeLessThan(ROWS / 5);
});

test('a fifth of all calls throttled: no row is lost, archived or answered twice', {
  timeout: 400_000,
}, async () => {
  await using setting = await createEnrichment();
  const { control } = setting.awsLocal;
  const ROWS = 1_000;
  const throttling = control.addFault({ share: 0.2, fault: { kind: 'throttle' } });
  await setting.publish(payments(ROWS));
  setting.start();
  const outcomes = await setting.settled(ROWS, 'fraud', 180_000);
  expect(outcomes.length).toBe(ROWS);
  expect(outcomes.filter(({ status }) => status === 'scored').length).toBe(ROWS);
  expect(await setting.archived()).toBe(0);
  expect(control.faults().find(({ id }) => id === throttling)?.struck).toBeGreaterThan(0);
});

test('the first call to an endpoint takes as long as it needs to start: nothing is lost or archived', {
  timeout: FAULT_LENGTHS.coldStartMs + 400_000,
}, async () => {
  await using setting = await createEnrichment();
  const { control } = setting.awsLocal;
  const ROWS = 200;
  control.addFault({ fault: { kind: 'cold_start', latency_ms: FAULT_LENGTHS.coldStartMs } });
  const enricher = setting.start();
  await setting.publish(payments(ROWS));
  const outcomes = firstsOf(await setting.settled(ROWS, 'fraud', FAULT_LENGTHS.coldStartMs + 120_000));
  expect(outcomes.filter(({ status }) => status === 'scored').length).toBe(ROWS);
  expect(await setting.archived()).toBe(0);
  await until(() => Object.keys(enricher.readiness.missing).length === 0, {
    deadlineMs: 120_000,
    what: 'health to be as before',
  });
  expect(await isPaused(enricher)).toBe(false);
});

test('a model that refuses every call until it is ready: an alarm is raised and cleared, nothing is lost or archived', {
  timeout: FAULT_LENGTHS.modelRefusingMs + 400_000,
}, async () => {
  await using setting = await createEnrichment();
  const { control } = setting.awsLocal;
  const ROWS = 200;
  const refusing = control.addFault({
    fault: { kind: 'named', name: 'ModelNotReadyException', status: 429 },
  });
  const readyAtMs = performance.now() + FAULT_LENGTHS.modelRefusingMs;
  const enricher = setting.start();
  await setting.publish(payments(ROWS));
  await until(() => enricher.readiness.missing.model, { deadlineMs: 120_000, what: 'the alarm' });
  expect(enricher.readiness.missing.model).toContain('ModelNotReadyException');
  expect(await isPaused(enricher)).toBe(true);
  await until(() => performance.now() >= readyAtMs, {
    deadlineMs: 2 * FAULT_LENGTHS.modelRefusingMs,
    what: 'the model to be ready',
  });
  expect(await setting.outcomes()).toEqual([]);
  control.removeFault(refusing);
  const outcomes = firstsOf(await setting.settled(ROWS, 'fraud', FAULT_LENGTHS.modelRefusingMs + 120_000));
  expect(outcomes.filter(({ status }) => status === 'scored').length).toBe(ROWS);
  expect(await setting.archived()).toBe(0);
  expect(enricher.readiness.missing).toEqual({});
  expect(await isPaused(enricher)).toBe(false);
});
