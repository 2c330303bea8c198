import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vectorText } from './vector-text.ts';

const base64 = (numbers: readonly number[]): string =>
  Buffer.from(Float32Array.from(numbers).buffer).toString('base64');
const halves = (numbers: readonly number[]): readonly number[] => [...new Float16Array(numbers)];
const read = (text: string): readonly number[] => text.slice(1, -1).split(',').map(Number);

test('every half is read back as itself', () => {
  const all = [...new Float16Array(Uint16Array.from({ length: 65_536 }, (_, half) => half).buffer)].filter(
    Number.isFinite,
  );
  expect(halves(read(vectorText(base64(all))))).toEqual(all);
});

test('a vector is rounded as the database would round it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -65_000, max: 65_000, noNaN: true }), { minLength: 1, maxLength: 40 }),
      (numbers) => {
        expect(halves(read(vectorText(base64(numbers))))).toEqual(halves(numbers));
      },
    ),
  );
});

test('what no half can hold is written as it is, for the database to refuse', () => {
  expect(vectorText(base64([1, 1e6]))).toBe('[1,1000000]');
  expect(vectorText(base64([Number.NaN]))).toBe('[NaN]');
  expect(vectorText('')).toBe('[]');
});
