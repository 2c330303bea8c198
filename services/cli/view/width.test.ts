import fc from 'fast-check';
import { expect, test } from 'vitest';
import { harmless } from '../../../shared/terminal/harmless.ts';
import { cutTo, fitTo, widthOf } from './width.ts';

test.each([
  ['abc', 3],
  ['東京', 4],
  ['🍕 ok', 5],
  ['e\u0301', 1],
  ['', 0],
])('%j is %d columns wide', (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test('a wide character is never cut in half', () => {
  expect(cutTo('東京都', 4)).toBe('東…');
  expect(fitTo('東京都', 4)).toBe('東… ');
  expect(fitTo('ab', 4, 'right')).toBe('  ab');
});

test('whatever the text, what is drawn has no control character and exactly the width asked for', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (text, columns) => {
        const drawn = fitTo(harmless(text), columns);
        expect(drawn).not.toMatch(/\p{Cc}/u);
        expect(widthOf(drawn)).toBe(columns);
      },
    ),
  );
});
