import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rawEmbedding, unitLength } from './embedding.ts';
import { numberList } from './number-list.ts';
import { titanModel } from './titan-models.ts';
import { tokenCount } from './tokens.ts';

const SEED = 20_261_121;
const V2 = { dimensions: 1_024, salt: 2 };
const embed = (text: string, space = V2): Float64Array => unitLength(rawEmbedding(text, space));
const similarity = (one: string, other: string, space = V2): number => {
  const vector = embed(other, space);
  return embed(one, space).reduce((sum, value, place) => sum + value * (vector[place] ?? 0), 0);
};

test('any text has a finite vector of unit length that comes again', () => {
  const space = fc.constantFrom(
    V2,
    { dimensions: 512, salt: 2 },
    { dimensions: 256, salt: 2 },
    { dimensions: 1_536, salt: 1 },
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), space, (text, asked) => {
      const vector = embed(text, asked);
      expect(vector).toHaveLength(asked.dimensions);
      expect(vector.every(Number.isFinite)).toBe(true);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 9);
      expect(embed(text, asked)).toEqual(vector);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test.each([
  [
    'The battery lasts two days',
    'battery lasts for two whole days',
    'Delivery was late and the parcel was open',
  ],
  ['Der Akku hält zwei Tage', 'Akkus halten fast zwei Tage', 'Die Lieferung kam zu spät'],
  ['電池は二日もちます', '電池が二日もちました', '配送が遅れて箱が開いていた'],
  ['배터리가 이틀 갑니다', '배터리가 이틀은 가네요', '배송이 늦고 상자가 열려 있었다'],
  ['البطارية تدوم يومين', 'تدوم البطارية يومين كاملين', 'وصل الطلب متأخرا والصندوق مفتوح'],
])('"%s" is closer to "%s" than to "%s"', (text, near, far) => {
  for (const space of [V2, { dimensions: 256, salt: 2 }, { dimensions: 1_536, salt: 1 }]) {
    expect(similarity(text, near, space)).toBeGreaterThan(similarity(text, far, space) + 0.2);
  }
});

test('the more of its words are replaced, the farther a text goes', () => {
  const words = 'solid quiet quick parcel battery colour manual smell price support cable refund'.split(' ');
  const others = 'garden window bottle summer engine letter market forest pencil mirror winter castle'.split(
    ' ',
  );
  const distances = [0, 3, 6, 9, 12].map((count) =>
    similarity(words.join(' '), [...others.slice(0, count), ...words.slice(count)].join(' ')),
  );
  expect(distances[0]).toBeCloseTo(1, 9);
  expect(distances).toEqual(distances.toSorted((one, other) => other - one));
  expect(distances.at(-1)).toBeLessThan(0.25);
});

test('V1 and V2 are spaces of their own', () => {
  const other = embed('The same text', { dimensions: 1_024, salt: 1 });
  const shared = embed('The same text').reduce((sum, value, place) => sum + value * (other[place] ?? 0), 0);
  expect(Math.abs(shared)).toBeLessThan(0.3);
});

test('any numbers between -1 and 1 are written as JSON of seven digits', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 40 }), (values) => {
      const read = JSON.parse(numberList(Float64Array.from(values)).toString()) as number[];
      expect(read).toHaveLength(values.length);
      for (const [place, value] of values.entries())
        expect(Math.abs((read[place] ?? 2) - value)).toBeLessThan(5.1e-8);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test.each([
  [[], '[]'],
  [[0, -0, 1, -1], '[0.0000000,0.0000000,1.0000000,-1.0000000]'],
  [[0.12345678, -0.00000004], '[0.1234568,0.0000000]'],
])('%j is written as %s', (values, text) => {
  expect(numberList(Float64Array.from(values)).toString()).toBe(text);
});

test('any text has at least one token and never more than UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (text) => {
      const tokens = tokenCount(text);
      expect(tokens).toBeGreaterThanOrEqual(1);
      expect(tokens).toBeLessThanOrEqual(Buffer.byteLength(text));
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test.each([' ', '\n', '!', 'a', '1234'])('%j has at least one token', (text) => {
  expect(tokenCount(text)).toBeGreaterThanOrEqual(1);
});

test('English has about 4.7 characters a token, Japanese about one', () => {
  const english = 'The quality is far better than the price suggests, and delivery was really quick. '.repeat(
    10,
  );
  expect(english.length / tokenCount(english)).toBeGreaterThan(4);
  expect(english.length / tokenCount(english)).toBeLessThan(5.5);
  expect(tokenCount('この値段でこの品質')).toBe(9);
});

test.each([
  ['amazon.titan-embed-text-v2:0', 1_024],
  ['arn:aws:bedrock:eu-central-1::foundation-model/amazon.titan-embed-text-v2:0', 1_024],
  ['amazon.titan-embed-text-v1', 1_536],
  ['amazon.titan-embed-text-v2', undefined],
  ['__proto__', undefined],
])('%s is the model of %j dimensions', (id, dimensions) => {
  expect(titanModel(id)?.dimensions[0]).toBe(dimensions);
});
