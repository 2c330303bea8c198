// Every row of the table of errors (design section 6), through the real client, by the stand-in's faults.
import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { createEnrichment, type Payment } from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';
import { until } from '../support/wait.ts';

const ROWS = 40;
const POISON = 13;
const POISONED = { column: 0, equals: POISON + 0.5 } as const;
const payments = (count: number, from = 0): Payment[] =>
  Array.from({ length: count }, (_, index) => ({ id: from + index }));
const failedOf = (outcomes: readonly EnrichedEvent[]): unknown[] =>
  outcomes.flatMap((event) => (event.status === 'failed' ? [[event.key.id, event.error.kind]] : []));
const counts = (outcomes: readonly EnrichedEvent[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(outcomes, ({ status }) => status)].map(([status, events]) => [status, events.length]),
  );

const PASSING: readonly (readonly [string, FaultRule])[] = [
  ['half of all calls throttled', { share: 0.5, fault: { kind: 'throttle' } }],
  ['throttled as Bedrock does', { calls: 4, fault: { kind: 'throttle', status: 429 } }],
  [
    'a model that is not ready',
    { calls: 3, fault: { kind: 'named', name: 'ModelNotReadyException', status: 429 } },
  ],
  ['500', { calls: 4, fault: { kind: 'error', status: 500 } }],
  ['503', { calls: 4, fault: { kind: 'error', status: 503 } }],
  ['530', { calls: 4, fault: { kind: 'error', status: 530 } }],
  ["a proxy's page", { calls: 3, fault: { kind: 'bare', status: 503, body: 'html' } }],
  ['a container that timed out', { calls: 3, fault: { kind: 'model_error', original_status: 0 } }],
  ['a container that failed', { calls: 3, fault: { kind: 'model_error', original_status: 500 } }],
  ['a connection cut before the answer', { calls: 3, fault: { kind: 'cut', place: 'before_answer' } }],
  ['a connection cut in the answer', { calls: 3, fault: { kind: 'cut', place: 'in_body' } }],
  ['one answer of too few rows', { calls: 1, fault: { kind: 'rows', change: -1 } }],
  ['one answer that is not CSV', { calls: 1, fault: { kind: 'malformed' } }],
  [
    'an expired token, once',
    { calls: 1, fault: { kind: 'named', name: 'ExpiredTokenException', status: 403 } },
  ],
];

describe('what passes costs no row', () => {
  test('whatever it is, every row is scored, and nothing is archived', { timeout: 400_000 }, async () => {
    await using setting = await createEnrichment();
    const { awsLocal } = setting;
    setting.start();
    let rows = 0;
    for (const [name, rule] of PASSING) {
      const id = awsLocal.control.addFault(rule);
      await setting.publish(payments(ROWS, rows));
      rows += ROWS;
      const outcomes = firstsOf(await setting.settled(rows));
      expect(counts(outcomes), name).toEqual({ scored: rows });
      const struck = awsLocal.control.faults().find((fault) => fault.id === id)?.struck ?? 0;
      expect(struck, `${name} struck`).toBeGreaterThan(0);
      awsLocal.control.clearFaults();
    }
    expect(await setting.archived()).toBe(0);
  });
});

describe('what is about one row', () => {
  test.each([
    ['is refused', { kind: 'model_error', original_status: 400 }, 'rejected_item'],
    ['ends its container', { kind: 'model_error', original_status: 500 }, 'rejected_item'],
    ['is answered with another count', { kind: 'rows', change: 1 }, 'contract'],
    ['is answered with NaN', { kind: 'not_a_number' }, 'contract'],
  ] as const)(
    '%s: that row fails and is archived, its neighbours are scored',
    { timeout: 400_000 },
    async (_, fault, kind) => {
      await using setting = await createEnrichment();
      setting.awsLocal.control.addFault({ input: POISONED, fault });
      await setting.publish(payments(ROWS));
      setting.start();
      const outcomes = firstsOf(await setting.settled(ROWS));
      expect(failedOf(outcomes)).toEqual([[String(POISON), kind]]);
      expect(counts(outcomes)).toEqual({ scored: ROWS - 1, failed: 1 });
      expect(await setting.archived()).toBe(1);
    },
  );

  test('an expression that fails on it fails it alone, without a call', { timeout: 400_000 }, async () => {
    await using setting = await createEnrichment();
    await setting.publish(
      payments(ROWS).map((each) => (each.id === POISON ? { ...each, place: 'sea' } : each)),
    );
    setting.start();
    const outcomes = firstsOf(await setting.settled(ROWS));
    expect(failedOf(outcomes)).toEqual([[String(POISON), 'input']]);
    const asked = setting.awsLocal.control.calls().operations.reduce((sum, { rows }) => sum + rows, 0);
    expect(asked).toBe(ROWS - 1);
  });
});

describe('what is about the model', () => {
  test('a model that refuses everything stops its enrichment: nothing is published, nothing archived, health says why', {
    timeout: 400_000,
  }, async () => {
    await using setting = await createEnrichment();
    const { awsLocal } = setting;
    awsLocal.control.addFault({ fault: { kind: 'model_error', original_status: 400 } });
    await setting.publish(payments(200));
    const { readiness } = setting.start();
    await until(() => readiness.missing.model?.includes('refuses_everything'), {
      deadlineMs: 120_000,
      what: 'the enrichment to stop',
    });
    const calls = (): number =>
      awsLocal.control.calls().operations.reduce((sum, count) => sum + count.calls, 0);
    expect(calls()).toBeLessThan(200);
    expect(await setting.outcomes()).toEqual([]);
    expect(await setting.archived()).toBe(0);
  });

  test('an endpoint that does not exist stops it too, and names the fix', { timeout: 400_000 }, async () => {
    await using setting = await createEnrichment();
    setting.awsLocal.control.addFault({
      fault: { kind: 'named', name: 'AccessDeniedException', status: 403 },
    });
    await setting.publish(payments(5));
    const { readiness } = setting.start();
    await until(() => readiness.missing.model?.includes('afterglow doctor'), {
      deadlineMs: 120_000,
      what: 'the enrichment to stop',
    });
    expect(await setting.outcomes()).toEqual([]);
  });
});
