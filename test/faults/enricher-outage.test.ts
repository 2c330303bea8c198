import { expect, test } from 'vitest';
import type { Calls } from '../../services/aws-local/ledger.ts';
import { createEnrichment, fraud, type Payment } from '../support/enrichment.ts';
import { FAULT_LENGTHS } from '../support/fault-lengths.ts';
import { until } from '../support/wait.ts';

const ROWS = 600;
const BATCH_ROWS = 10;
const callsOf = ({ operations }: Calls, endpoint: string): number =>
  operations.reduce((sum, count) => (count.endpoint === endpoint ? sum + count.calls : sum), 0);
const rowsOf = ({ operations }: Calls, endpoint: string): number =>
  operations.reduce((sum, count) => (count.endpoint === endpoint ? sum + count.rows : sum), 0);

test('a model that is down holds up its own enrichment only, and is caught up without loss or double cost', {
  timeout: 300_000,
}, async () => {
  await using setting = await createEnrichment(
    fraud('fraud', BATCH_ROWS) + fraud('fraud_second', BATCH_ROWS),
  );
  const { control } = setting.awsLocal;
  const down = control.addFault({ endpoint: 'fraud-second-xgboost', fault: { kind: 'error', status: 503 } });
  setting.start('fraud');
  const second = setting.start('fraud_second');
  const payments: Payment[] = Array.from({ length: ROWS }, (_, id) => ({ id }));
  const downAtMs = performance.now();
  await setting.publish(payments);
  await setting.settled(ROWS, 'fraud');
  await until(() => performance.now() - downAtMs > FAULT_LENGTHS.modelAwayMs, {
    deadlineMs: FAULT_LENGTHS.modelAwayMs + 10_000,
    everyMs: 250,
    what: 'the outage to have lasted',
  });
  expect(second.readiness.missing.model).toContain('unavailable');
  expect(await setting.outcomes('fraud_second')).toEqual([]);
  const duringOutage = control.calls();
  // A canary now and then, not every row again and again.
  expect(callsOf(duringOutage, 'fraud-second-xgboost')).toBeLessThan(FAULT_LENGTHS.modelAwayMs / 500 + 20);
  control.removeFault(down);
  const outcomes = await setting.settled(ROWS, 'fraud_second');
  expect(outcomes.filter(({ status }) => status === 'scored').length).toBe(ROWS);
  expect(second.readiness.missing).toEqual({});
  const asked =
    rowsOf(control.calls(), 'fraud-second-xgboost') - rowsOf(duringOutage, 'fraud-second-xgboost');
  expect(asked).toBeLessThanOrEqual(ROWS + BATCH_ROWS);
  expect(await setting.archived('fraud_second')).toBe(0);
});
