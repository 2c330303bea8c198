import fc from 'fast-check';
import { expect, test } from 'vitest';
import { harmless, harmlessLine } from './harmless.ts';

test.each([
  ['\u001B[2J\u001B[31mred', '\uFFFD[2J\uFFFD[31mred'],
  ['\u009B31mred', '\uFFFD31mred'],
  ['\u001B]0;title\u0007', '\uFFFD]0;title\uFFFD'],
  ['two\r\nlines', 'two lines'],
  ['right\u202Eto left', 'right\uFFFDto left'],
  ['zero\u200Bwidth', 'zero\uFFFDwidth'],
  ['lone \uD800 half', 'lone \uFFFD half'],
  ['Café Zoë', 'Café Zoë'],
  ['東京ラーメン', '東京ラーメン'],
])('%j becomes %j', (text, expected) => {
  expect(harmless(text)).toBe(expected);
});

test('a line keeps its indent, its tabs and its places', () => {
  expect(harmlessLine('\t  a: \u001B[2Jx \u202E ')).toBe('\t  a: \uFFFD[2Jx \uFFFD ');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      expect(harmlessLine(text)).not.toMatch(/(?!\t)\p{Cc}/u);
      expect([...harmlessLine(text)]).toHaveLength([...text].length);
    }),
  );
});
