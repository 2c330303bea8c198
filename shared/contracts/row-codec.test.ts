import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecOf, decodeArray, type TypeCatalog } from './row-codec.ts';

const INT4_ARRAY = 1007;
const TEXT_ARRAY = 1009;
const SMALL_AMOUNT_DOMAIN = 90_001;
const NESTED_DOMAIN = 90_002;
const types: TypeCatalog = new Map([
  [INT4_ARRAY, { element: 23 }],
  [TEXT_ARRAY, { element: 25 }],
  [SMALL_AMOUNT_DOMAIN, { base: 23 }],
  [NESTED_DOMAIN, { base: SMALL_AMOUNT_DOMAIN }],
]);

describe('the row codec', () => {
  for (const [name, oid, text, value] of [
    ['bool', 16, 't', true],
    ['int2', 21, '-32768', -32768],
    ['int4', 23, '2147483647', 2147483647],
    ['float8', 701, '0.1', 0.1],
    ['float8 that is not a number', 701, 'NaN', 'NaN'],
    ['float8 infinity', 701, '-Infinity', '-Infinity'],
    ['int8 keeps all digits', 20, '9223372036854775807', '9223372036854775807'],
    ['numeric keeps its scale', 1700, '1.10', '1.10'],
    [
      'timestamptz keeps microseconds',
      1184,
      '2026-11-20 09:15:02.123456+00',
      '2026-11-20 09:15:02.123456+00',
    ],
    ['jsonb keeps big numbers', 3802, '{"n": 12345678901234567890}', '{"n": 12345678901234567890}'],
    ['domain over int4', SMALL_AMOUNT_DOMAIN, '7', 7],
    ['domain over a domain', NESTED_DOMAIN, '7', 7],
    ['array of int4', INT4_ARRAY, '{1,NULL,3}', [1, null, 3]],
    ['empty array', INT4_ARRAY, '{}', []],
    [
      'nested array',
      INT4_ARRAY,
      '{{1,2},{3,4}}',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['array with bounds of its own', INT4_ARRAY, '[0:1]={1,2}', '[0:1]={1,2}'],
    [
      'array of text',
      TEXT_ARRAY,
      '{a,"b c","d\\"e\\\\",NULL,"NULL",""}',
      ['a', 'b c', 'd"e\\', null, 'NULL', ''],
    ],
  ] as const) {
    test(`decodes ${name}, and its JSON says the same`, () => {
      const codec = codecOf(oid, types);
      expect(codec.decode(text)).toEqual(value);
      expect(JSON.parse(codec.json(text))).toEqual(value);
    });
  }

  test('a quoted array of any texts comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (texts) => {
        const literal = `{${texts.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
        expect(decodeArray(literal, (text) => text)).toEqual(texts);
      }),
    );
  });

  test('the JSON of any text parses to that text', () => {
    const { json } = codecOf(25, types);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(json(text))).toBe(text);
      }),
    );
  });

  test('the JSON of any float parses to the value', () => {
    const { decode, json } = codecOf(701, types);
    fc.assert(
      fc.property(fc.double(), (number) => {
        const text = String(number);
        expect(JSON.parse(json(text))).toEqual(decode(text));
      }),
    );
  });

  test('a broken array literal is a named error, never a hang', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\{[{}",\\a1]*$/), (text) => {
        try {
          decodeArray(text, (element) => element);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});
