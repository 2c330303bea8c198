import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModelItem } from './model.ts';
import { requestHash } from './request-hash.ts';

const requestText = ({ input, language }: ModelItem): string => JSON.stringify([input, language ?? null]);
const model = (name: string, version: string, parameters: Readonly<Record<string, unknown>>) => ({
  id: { kind: 'titan-embedding', name, version },
  parameters,
  requestText,
});
const item = fc.record({ input: fc.string(), language: fc.constantFrom('en', 'de') });
const period = fc.option(fc.string(), { nil: undefined });

test('equal requests have one hash whatever the order of the parameters, different ones have two', () => {
  const of = requestHash(model('titan', '2', { dimensions: 256, normalize: true }));
  const same = requestHash(model('titan', '2', { normalize: true, dimensions: 256 }));
  fc.assert(
    fc.property(item, item, period, period, (first, second, firstPeriod, secondPeriod) => {
      const isSame = requestText(first) === requestText(second) && firstPeriod === secondPeriod;
      expect(of(first, firstPeriod)).toBe(same(first, firstPeriod));
      expect(of(first, firstPeriod) === of(second, secondPeriod)).toBe(isSame);
    }),
  );
});

test.each([
  ['another name', model('titan-1', '2', { dimensions: 256 })],
  ['another version', model('titan', '3', { dimensions: 256 })],
  ['another parameter', model('titan', '2', { dimensions: 512 })],
])('%s of the model is another request', (_name, other) => {
  const text: ModelItem = { input: 'the same' };
  expect(requestHash(other)(text)).not.toBe(requestHash(model('titan', '2', { dimensions: 256 }))(text));
});
