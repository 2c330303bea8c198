import { expect, test } from 'vitest';
import { CallLedger } from './ledger.ts';

const CALL = { rows: 3, bytesIn: 30, invocationId: 'i-1' };

test('calls, rows, bytes and statuses are counted by operation and endpoint, attempts by invocation', async () => {
  const ledger = new CallLedger();
  const count = ledger.arrived('sagemaker', 'InvokeEndpoint', 'fraud', CALL);
  ledger.ended(count, 200, 12);
  ledger.ended(ledger.arrived('sagemaker', 'InvokeEndpoint', 'fraud', CALL), 503, 8);
  ledger.arrived('sts', 'GetCallerIdentity', '', { rows: 0, bytesIn: 43, invocationId: undefined });
  expect(ledger.calls()).toMatchObject({
    operations: [
      { endpoint: 'fraud', calls: 2, rows: 6, bytes_in: 60, bytes_out: 20, statuses: { 200: 1, 503: 1 } },
      { operation: 'GetCallerIdentity', calls: 1, statuses: {} },
    ],
    invocations: { distinct: 1, repeated: 1, attempts_max: 2 },
  });
  expect(await ledger.metrics().metrics()).toContain(
    'afterglow_aws_local_rows_total{service="sagemaker",operation="InvokeEndpoint",endpoint="fraud"} 6',
  );
  ledger.reset();
  expect(ledger.calls()).toEqual({
    operations: [],
    invocations: { distinct: 0, repeated: 0, attempts_max: 0 },
  });
});

test('what a model answered is paid once, whatever became of the answer', async () => {
  const ledger = new CallLedger();
  const count = ledger.arrived('comprehend', 'BatchDetectSentiment', '', CALL);
  ledger.paid(count, 9);
  ledger.ended(count, 0, 0);
  ledger.ended(ledger.arrived('comprehend', 'BatchDetectSentiment', '', CALL), 400, 60);
  expect(ledger.calls().operations).toMatchObject([{ calls: 2, paid_calls: 1, paid_units: 9 }]);
  expect(await ledger.metrics().metrics()).toMatch(/afterglow_aws_local_paid_units_total\{.*\} 9/);
});

test('names from outside do not grow it without end', () => {
  const ledger = new CallLedger();
  for (let number = 0; number < 1_000; number += 1)
    ledger.arrived('sagemaker', 'InvokeEndpoint', `e-${number}`, CALL);
  const { operations } = ledger.calls();
  expect(operations.length).toBeLessThanOrEqual(201);
  expect(operations.reduce((sum, { calls }) => sum + calls, 0)).toBe(1_000);
});
