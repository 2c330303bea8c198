import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exportLine, shellQuote } from './shell-quoting.ts';

test.each([
  ['127.0.0.1:59092', '127.0.0.1:59092'],
  ["it's", `'it'\\''s'`],
  ['', "''"],
  ['a b$(id)`id`', "'a b$(id)`id`'"],
])('%j is quoted %j', (text, expected) => {
  expect(shellQuote(text)).toBe(expected);
});

test('a shell gets back exactly what was quoted', () => {
  const texts = fc.sample(fc.string({ unit: 'grapheme' }), 50).filter((text) => !text.includes('\0'));
  const script = `${texts.map((text, index) => exportLine(`V${index}`, text)).join('\n')}\nprintf '%s\\0' ${texts.map((_, index) => `"$V${index}"`).join(' ')}`;
  const answer = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
  expect(answer.split('\0').slice(0, -1)).toEqual(texts);
});
