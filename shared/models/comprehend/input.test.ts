import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RowInput } from '../model.ts';
import { beginningOf, documentOf, isCut, type LanguageRules } from './input.ts';
import { DOCUMENT_BYTES_MAX } from './limits.ts';

const RULES: LanguageRules = { detect: 'when_missing', fallback: 'fr' };
const NEVER: LanguageRules = { ...RULES, detect: 'never' };
const LONG = 'a text of twenty and more';
const asked = (row: RowInput, rules = RULES) => documentOf(row, rules);
const items = (input: string, language: string) => ({ kind: 'items', items: [{ input, language }] });

describe('the language of a text', () => {
  test.each<[string, RowInput, LanguageRules, object]>([
    ['the column says it', { input: LONG, language: 'de-CH' }, RULES, items(LONG, 'de')],
    [
      'the column says one of the others',
      { input: LONG, language: 'nl' },
      RULES,
      { reason: 'unsupported_language' },
    ],
    ['the column says nothing', { input: LONG }, RULES, { kind: 'detect' }],
    ['the column holds no code', { input: LONG, language: 'German' }, RULES, { kind: 'detect' }],
    ['it must not be detected', { input: LONG }, NEVER, items(LONG, 'fr')],
    [
      'the text is too short to detect',
      { input: 'nineteen characters' },
      RULES,
      items('nineteen characters', 'fr'),
    ],
    ['the text has twenty characters', { input: 'twenty  characters !' }, RULES, { kind: 'detect' }],
    ['twenty UTF-16 units, ten characters', { input: '😀'.repeat(10) }, RULES, items('😀'.repeat(10), 'fr')],
    ['the detector says it', { input: LONG, detected: 'ja' }, RULES, items(LONG, 'ja')],
    [
      'the detector says one of the others',
      { input: LONG, detected: 'id' },
      RULES,
      { reason: 'unsupported_language' },
    ],
    ['the detector cannot tell', { input: LONG, detected: null }, RULES, items(LONG, 'fr')],
  ])('%s', (_name, row, rules, expected) => {
    expect(asked(row, rules)).toMatchObject(expected);
  });
});

test.each(['', ' ', '\n\t ', '\u00a0\u3000'])('a blank text (%j) asks for nothing', (input) => {
  expect(asked({ input, language: 'en' })).toEqual({ kind: 'skip', reason: 'empty_input' });
  expect(beginningOf({ input })).toEqual({ kind: 'skip', reason: 'empty_input' });
});

test('a row with numbers is an input fault', () => {
  expect(() => asked({ input: [1] })).toThrow(expect.objectContaining({ kind: 'input' }));
});

test('a text is cut at 5,000 bytes, at a whole character, and only then flagged', () => {
  const unit = fc.constantFrom('a', 'é', '字', '😀', '\ud800', ' ');
  const text = fc.string({ unit, minLength: 1_000, maxLength: 6_000 });
  fc.assert(
    fc.property(text, (input) => {
      const row = { input, language: 'en' };
      const document = asked(row);
      const whole = input.toWellFormed().trim();
      if (document.kind !== 'items') return expect(whole).toBe('');
      const sent = String(document.items[0]?.input);
      expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(DOCUMENT_BYTES_MAX);
      expect(sent.isWellFormed()).toBe(true);
      expect(whole.startsWith(sent)).toBe(true);
      expect(isCut(row, document.items)).toBe(Buffer.byteLength(whole) > DOCUMENT_BYTES_MAX);
      if (isCut(row, document.items)) expect(Buffer.byteLength(sent)).toBeGreaterThan(DOCUMENT_BYTES_MAX - 4);
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('5,000 bytes go whole, 5,001 do not', () => {
  for (const [bytes, cut] of [
    [5_000, false],
    [5_001, true],
  ] as const) {
    const row = { input: 'x'.repeat(bytes), language: 'en' };
    const document = asked(row);
    expect(document.kind === 'items' && isCut(row, document.items)).toBe(cut);
  }
});

test('the detector is asked about 300 characters, whatever they are made of', () => {
  for (const character of ['a', '字', '😀']) {
    expect(beginningOf({ input: character.repeat(400) })).toEqual({
      kind: 'items',
      items: [{ input: character.repeat(300) }],
    });
  }
});
