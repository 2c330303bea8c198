import { expect, test } from 'vitest';
import { LANGUAGES } from './config.ts';
import { languageOf } from './language.ts';

test('the twelve codes of the service are themselves', () => {
  expect(LANGUAGES.map(languageOf)).toEqual(LANGUAGES);
});

test.each([
  ['en-US', 'en'],
  ['EN', 'en'],
  ['de_AT', 'de'],
  [' fr ', 'fr'],
  ['pt-BR', 'pt'],
  ['es-419', 'es'],
  ['eng', 'en'],
  ['zh-Hans', 'zh'],
  ['zh-CN', 'zh'],
  ['zh-SG', 'zh'],
  ['zh-Hant', 'zh-TW'],
  ['zh-TW', 'zh-TW'],
  ['zh-HK', 'zh-TW'],
  ['zh-Hant-CN', 'zh-TW'],
  ['zh-Hans-TW', 'zh'],
  ['nl', 'unsupported'],
  ['yue', 'unsupported'],
  ['tlh', 'unsupported'],
  ['und', undefined],
  ['', undefined],
  ['  ', undefined],
  ['English', undefined],
  ['not a tag!', undefined],
  ['__proto__', undefined],
  ['en-', undefined],
  ['😀', undefined],
])('%j is %s', (tag, expected) => {
  expect(languageOf(tag)).toBe(expected);
});

test('a column full of different nonsense is answered the same and does not grow the memory of it', () => {
  for (let number = 0; number < 5_000; number += 1) expect(languageOf(`x${number}y`)).toBeUndefined();
  expect(languageOf('en-GB')).toBe('en');
});
