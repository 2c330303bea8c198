import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { METRIC } from '../../../shared/telemetry/metrics.ts';
import { slotMetrics } from './metrics.ts';
import type { SlotHealth } from './slot-health.ts';

const HEALTH: SlotHealth = {
  walStatus: 'reserved',
  safeBytes: null,
  budgetBytes: null,
  restartLagBytes: 64,
  safety: 'ok',
  confirmedLagBytes: 8,
  pinning: undefined,
};
const pinning = { pid: 7, transactionId: '900', application: 'shop' };

test.each<[string, SlotHealth['pinning'], readonly string[]]>([
  ['nobody pins the log', undefined, [`${METRIC.reader.pinningAge} 0`]],
  [
    'somebody does, and since when is known',
    { ...pinning, ageSeconds: 61.5 },
    [`${METRIC.reader.pinningAge} 61.5`],
  ],
  ['somebody does, and since when the reader may not see', { ...pinning, ageSeconds: undefined }, []],
])('the age of the transaction that pins the log: %s', async (_what, found, expected) => {
  const registry = new Registry();
  const metrics = slotMetrics(registry);
  metrics.seen({ ...HEALTH, pinning: { ...pinning, ageSeconds: 3 } });
  metrics.seen({ ...HEALTH, pinning: found });
  const lines = (await registry.metrics()).split('\n');
  expect(lines.filter((line) => line.startsWith(METRIC.reader.pinningAge))).toEqual(expected);
});
