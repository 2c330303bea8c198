import { expect, test } from 'vitest';
import type { Call, Operation } from '../operation.ts';
import { Quotas } from './quotas.ts';
import { AWS_QUOTAS, type QuotaRule, quotaRule } from './rule.ts';

const operation = (name: string): Operation => ({
  service: 'bedrock',
  name,
  protocol: 'rest_json',
  bends: new Set<never>(),
  accepts: () => true,
  read: () => call(),
});
const INVOKE = operation('InvokeModel');
const call = (endpoint = 'titan', rows = 1, tokens = 0): Call => ({
  endpoint,
  rows,
  tokens,
  matches: () => false,
  answer: () => ({ status: 200, headers: {}, body: '' }),
});

function quotasWith(...rules: QuotaRule[]) {
  let nowMs = 0;
  const quotas = new Quotas(() => nowMs);
  for (const rule of rules) quotas.add(rule);
  return {
    quotas,
    pass: (ms: number) => {
      nowMs += ms;
    },
    admitted: (count: number, asked = call(), by = INVOKE) =>
      Array.from({ length: count }, () => quotas.enter(by, asked)).filter(
        ({ refused }) => refused === undefined,
      ).length,
  };
}

test('a second holds as many calls as the quota says, and fills again', () => {
  const { admitted, pass, quotas } = quotasWith({ calls_per_second: 10 });
  expect(admitted(15)).toBe(10);
  pass(500);
  expect(admitted(15)).toBe(5);
  pass(60_000);
  expect(admitted(15)).toBe(10);
  expect(quotas.list()).toMatchObject([{ refused: 20 }]);
});

test('a minute’s quota comes back at its own pace', () => {
  const { admitted, pass } = quotasWith({ calls_per_minute: 60 });
  expect(admitted(70)).toBe(60);
  pass(1_000);
  expect(admitted(5)).toBe(1);
});

test('a drained account holds little, however long it rests', () => {
  const { admitted, pass } = quotasWith({ calls_per_minute: 15, burst: 4 });
  pass(600_000);
  expect(admitted(20)).toBe(4);
});

test('documents and tokens are counted by what a call holds, and say what there was too much of', () => {
  const documents = quotasWith({ documents_per_second: 250 });
  expect(documents.admitted(20, call('', 25))).toBe(10);
  const tokens = quotasWith({ tokens_per_minute: 1_000 });
  expect(tokens.admitted(5, call('titan', 1, 300))).toBe(3);
  expect(tokens.quotas.enter(INVOKE, call('titan', 1, 300))).toEqual({ refused: 'tokens' });
});

test('so many calls under way at once, and one more when one has left', () => {
  const { quotas, admitted } = quotasWith({ concurrency: 2 });
  const first = quotas.enter(INVOKE, call());
  expect(admitted(3)).toBe(1);
  if (first.refused === undefined) first.leave();
  expect(admitted(3)).toBe(1);
});

test('a quota holds for its operation and endpoint, and a refused call takes nothing from the others', () => {
  const { admitted } = quotasWith(
    { endpoint: 'titan', calls_per_second: 1 },
    { operation: 'InvokeModel', calls_per_second: 3 },
  );
  expect(admitted(5)).toBe(1);
  expect(admitted(5, call('nova'))).toBe(2);
  expect(admitted(5, call('nova'), operation('Converse'))).toBe(5);
});

test('one quota is one bucket for all that it fits', () => {
  const { admitted } = quotasWith({ calls_per_second: 4 });
  expect(admitted(3) + admitted(3, call('nova'))).toBe(4);
});

test.each([
  ['no limit', { operation: 'InvokeModel' }],
  ['an unknown member', { calls_per_hour: 1 }],
  ['less than nothing', { calls_per_second: -1 }],
  ['nothing', undefined],
])('%s is refused', (_name, rule) => {
  expect(quotaRule.safeParse(rule).success).toBe(false);
});

test('those of AWS are well-formed, and quotas without end are refused', () => {
  for (const rule of AWS_QUOTAS) expect(quotaRule.safeParse(rule).success).toBe(true);
  const quotas = new Quotas(() => 0);
  for (let count = 0; count < 100; count += 1) quotas.add({ calls_per_second: 1 });
  expect(() => quotas.add({ calls_per_second: 1 })).toThrow(RangeError);
});
