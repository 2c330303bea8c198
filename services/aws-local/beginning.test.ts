import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readBeginning, readFunctions } from './beginning.ts';
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

test('functions are read by name, or name and alias, with the file of their module', () => {
  const module = fileURLToPath(import.meta.url);
  expect(readFunctions([`score-orders=${module}`, `score-orders:live=${module}`])).toEqual({
    'score-orders': { module },
    'score-orders:live': { module },
  });
});

test.each(['score-orders', 'score orders=./a.js', '=./a.js', 'score-orders='])(
  '--function %s is a RangeError that says how it is written',
  (text) => {
    expect(() => readFunctions([text])).toThrow(/name=module/);
  },
);

test('a function whose module is not there is named before anything starts', () => {
  expect(() => readFunctions(['a=./nobody-wrote-this.js'])).toThrow(
    /there is no file .*nobody-wrote-this\.js/,
  );
});
