import { expect, test } from 'vitest';
import { readBeginning } from './beginning.ts';
import { AWS_QUOTAS } from './quotas/rule.ts';

test('rules are read as they are given, and aws stands for those of an account', () => {
  expect(readBeginning(['{"fault":{"kind":"throttle"}}'], ['aws', '{"concurrency":2}'])).toEqual({
    faults: [{ fault: { kind: 'throttle' } }],
    quotas: [...AWS_QUOTAS, { concurrency: 2 }],
  });
});

test.each([
  ['no JSON', ['{'], [], /--fault \{/],
  ['an unknown fault', ['{"fault":{"kind":"explode"}}'], [], /--fault .*kind/s],
  ['a quota of nothing', [], ['{}'], /--quota \{\}.*limits nothing/s],
])('%s is a RangeError that names it', (_name, faults, quotas, message) => {
  expect(() => readBeginning(faults, quotas)).toThrow(message);
});
