import { expect, test } from 'vitest';
import { unitsOf } from './characters.ts';

test.each([
  ['one character', 'a', 3],
  ['300 characters', 'a'.repeat(300), 3],
  ['301 characters', 'a'.repeat(301), 4],
  ['5,000 characters', 'a'.repeat(5_000), 50],
  ['300 pictures of two units each', '😀'.repeat(300), 3],
  ['301 signs of three bytes each', '語'.repeat(301), 4],
])('%s: units of a hundred characters, three at least', (_name, text, units) => {
  expect(unitsOf(text)).toBe(units);
});
