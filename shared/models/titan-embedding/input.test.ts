import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelItem } from '../model.ts';
import { chunksOf, isCut } from './input.ts';
import { CHUNK_BYTES_MAX } from './limits.ts';

function chunks(input: string, chunksMax = 64): readonly ModelItem[] {
  const asked = chunksOf({ input }, chunksMax);
  return asked.kind === 'items' ? asked.items : [];
}
const slice = (input: string, { span }: ModelItem): string =>
  [...input.toWellFormed()].slice(span?.start, span?.end).join('');

test('a text that fits is one chunk, whatever is in it', () => {
  expect(chunks('A short text.\n\nWith 😀.')).toEqual([
    { input: 'A short text.\n\nWith 😀.', span: { start: 0, end: 22 } },
  ]);
});

test('any text: chunks that fit, in order, each what its offsets say, and together all that is not blank', () => {
  const words = fc.constantFrom(
    'word ',
    'nächste. ',
    '。字字字',
    '😀😀',
    '\n\n',
    '\n',
    ' ',
    '\ud800',
    'x'.repeat(3_000),
  );
  const text = fc.array(words, { maxLength: 3_000 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 8 }), (input, chunksMax) => {
      const items = chunks(input, chunksMax);
      expect(items.length).toBeLessThanOrEqual(chunksMax);
      let end = 0;
      let between = '';
      for (const item of items) {
        const sent = String(item.input);
        expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(CHUNK_BYTES_MAX);
        expect(sent.trim()).not.toBe('');
        expect(sent).toBe(slice(input, item));
        expect(item.span?.start).toBeGreaterThanOrEqual(end);
        between += slice(input, { input: '', span: { start: end, end: item.span?.start ?? 0 } });
        end = item.span?.end ?? 0;
      }
      expect(between.trim()).toBe('');
      const rest = [...input.toWellFormed()].slice(end).join('');
      expect(isCut({ input }, items)).toBe(rest.trim() !== '');
      if (items.length < chunksMax) expect(rest.trim()).toBe('');
    }),
    { seed: 5, numRuns: 100 },
  );
});

describe('a long text is cut', () => {
  const filled = (unit: string, bytes: number) => unit.repeat(Math.ceil(bytes / Buffer.byteLength(unit)));

  test.each([
    ['between paragraphs', `${filled('One sentence. ', 5_000)}\n\n`, filled('Another one. ', 5_000)],
    ['between lines', `${filled('One sentence. ', 5_000)}\n`, filled('Another one. ', 5_000)],
    ['behind a sentence', `${filled('one word ', 5_000)}ends. `, filled('another word ', 5_000)],
    ['behind a sentence without spaces', `${filled('字', 5_000)}。`, filled('好', 5_000)],
    ['between words', `${filled('x', 5_000)} `, filled('y', 5_000)],
  ])('%s where it can be', (_name, first, second) => {
    expect(chunks(first + second).map(({ input }) => input)).toEqual([first, second]);
  });

  test('anywhere between two characters where it cannot', () => {
    const items = chunks(filled('😀', 20_000));
    expect(items.map(({ span }) => span)).toEqual([
      { start: 0, end: 2_000 },
      { start: 2_000, end: 4_000 },
      { start: 4_000, end: 5_000 },
    ]);
  });

  test('after its last allowed chunk, and then says so', () => {
    const input = filled('word ', 30_000);
    expect(chunks(input, 2)).toHaveLength(2);
    expect(isCut({ input }, chunks(input, 2))).toBe(true);
    expect(isCut({ input }, chunks(input))).toBe(false);
  });
});

test('a blank text asks for nothing, and numbers are an input fault', () => {
  for (const input of ['', ' \n', '\u3000'.repeat(9_000)]) {
    expect(chunksOf({ input }, 64)).toEqual({ kind: 'skip', reason: 'empty_input' });
  }
  expect(() => chunksOf({ input: [1] }, 64)).toThrow(expect.objectContaining({ kind: 'input' }));
});
