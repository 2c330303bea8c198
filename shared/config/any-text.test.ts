// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the file takes values from the environment.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BASE, changed, parse } from './fixtures/small-definition.ts';

test.each([
  ['nothing', ''],
  ['a number', '5'],
  ['a list', '- x'],
  ['an alias to itself', '&a [*a]'],
  ['a bomb of aliases', `a: &a [x,x]\nb: &b [*a,*a]\n${'c: &c [*b,*b]\n'.repeat(3)}`],
  ['brackets without end', '['.repeat(100_000)],
  ['indents without end', Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['a megabyte', `a: ${'x'.repeat(1_000_000)}`],
  ['two documents', `${BASE}---\n${BASE}`],
  ['keys that are no texts', '? [a]\n: b'],
  ['a tag', 'version: !!js/function 1'],
  ['null bytes', '\0\0\0'],
])('%s is refused at once, with a mistake', (_, text) => {
  const { definition, mistakes } = parse(text);
  expect(definition).toBeUndefined();
  expect(mistakes.length).toBeGreaterThan(0);
});

test('no text makes it throw', () => {
  const seed = 20_261_122;
  const word = fc.constantFrom(
    ...BASE.split(/(\s+|[{}:,[\]"])/),
    '${X}',
    '*a',
    '&a',
    '|',
    '>',
    "'",
    '!x',
    '? ',
    '---\n',
  );
  const yamlish = fc
    .array(fc.oneof(word, fc.string({ maxLength: 4 })), { maxLength: 80 })
    .map((words) => words.join(''));
  const cut = fc
    .tuple(fc.nat(BASE.length), fc.nat(BASE.length), yamlish)
    .map(([from, to, between]) => BASE.slice(0, from) + between.slice(0, 20) + BASE.slice(to));
  fc.assert(
    fc.property(fc.oneof(yamlish, cut), (text) => {
      const { definition, mistakes } = parse(text, { X: 'x' });
      expect(definition === undefined).toBe(mistakes.some(({ severity }) => severity === 'error'));
      for (const { line, column } of mistakes) expect(Math.min(line, column)).toBeGreaterThan(0);
    }),
    { seed, numRuns: 300 },
  );
});

test('a key that nobody knows is reported wherever it stands', () => {
  const seed = 20_261_123;
  const places = [
    { anchor: 'pipeline: afterglow\n', indent: '', path: '' },
    { anchor: '  fraud:\n', indent: '    ', path: 'enrichments.fraud.' },
    { anchor: 'budget: { ', indent: undefined, path: 'budget.' },
    { anchor: 'batch: { ', indent: undefined, path: 'enrichments.fraud.model.batch.' },
    { anchor: '  reviews: { ', indent: undefined, path: 'sources.reviews.' },
  ];
  const key = fc.stringMatching(/^[a-z_]{1,12}$/).map((text) => `${text}_zz`);
  fc.assert(
    fc.property(fc.constantFrom(...places), key, ({ anchor, indent, path }, unknown) => {
      const inserted =
        indent === undefined ? `${anchor}${unknown}: 1, ` : `${anchor}${indent}${unknown}: 1\n`;
      const { mistakes } = parse(changed(anchor, inserted));
      expect(mistakes.map((mistake) => mistake.path)).toEqual([`${path}${unknown}`]);
    }),
    { seed },
  );
});
