import { expect, test } from 'vitest';
import { likelyTokens } from './likely-tokens.ts';

test.each([
  ['', 1],
  ['it works well', 3],
  ['it works well, for 12.50', 8],
  ['unbelievable', 2],
  ['大变革', 3],
  ['naïve café', 2],
])('%j has likely %i tokens', (text, tokens) => {
  expect(likelyTokens(text)).toBe(tokens);
});

test('of English prose near the 4.7 characters a token that are known of it, never more than bytes', () => {
  const prose =
    'The quality is considerably better than expected, although the delivery department forgot an important component of the machine.';
  expect(prose.length / likelyTokens(prose)).toBeGreaterThan(3.5);
  expect(prose.length / likelyTokens(prose)).toBeLessThan(5.9);
});
