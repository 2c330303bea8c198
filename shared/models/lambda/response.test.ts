import { describe, expect, test } from 'vitest';
import { Fault } from '../../errors/policy.ts';
import { parseAnswer } from './response.ts';

const KEYS = ['a-0', 'a-1', 'a-2'];
const parse = (payload: string, outputs = ['score']) =>
  parseAnswer({ payload, requestId: 'r-1' }, KEYS, outputs);
const entry = (key: unknown, score: unknown = 0.5) => ({ key, score });
const whole = KEYS.map((key, place) => entry(key, place));
const told = (answer: unknown) =>
  parse(JSON.stringify(answer)).map((result) => (result instanceof Fault ? result.code : result.score));

test('results are joined by their keys, in any order, and what else they hold is left alone', () => {
  expect(told(whole)).toEqual([0, 1, 2]);
  expect(told(whole.toReversed().map((each) => ({ ...each, model: 'b', reasons: ['new card'] })))).toEqual([
    0, 1, 2,
  ]);
});

test('several outputs are several numbers of each result', () => {
  const answer = JSON.stringify(KEYS.map((key) => ({ key, risk: 0.25, amount: -3 })));
  expect(parse(answer, ['risk', 'amount'])[1]).toEqual({ risk: 0.25, amount: -3 });
});

describe('only those rows fail', () => {
  test.each<[string, unknown, unknown]>([
    ['that are left out', whole.slice(1), ['missing_key', 1, 2]],
    ['that are all left out', [], ['missing_key', 'missing_key', 'missing_key']],
    ['that are there twice', [...whole, entry('a-1', 7)], [0, 'repeated_key', 2]],
    ['that are there twice with equal results', [...whole, entry('a-1', 1)], [0, 'repeated_key', 2]],
    ['that are there three times', [...whole, entry('a-1'), entry('a-1')], [0, 'repeated_key', 2]],
    [
      'that another row’s key took the place of',
      whole.with(2, entry('a-0', 2)),
      ['repeated_key', 1, 'missing_key'],
    ],
    ['whose result is null', whole.with(0, entry('a-0', null)), ['not_finite', 1, 2]],
    ['whose result is a text', whole.with(0, entry('a-0', '0.5')), ['not_finite', 1, 2]],
    ['that lack an output', whole.with(0, { key: 'a-0', risk: 1 } as never), ['not_finite', 1, 2]],
  ])('%s', (_name, answer, expected) => {
    expect(told(answer)).toEqual(expected);
  });

  test('whose number is too large to be one', () => {
    const [first] = parse('[{"key":"a-0","score":1e999}]');
    expect(first).toMatchObject({ kind: 'contract', code: 'not_finite', requestId: 'r-1' });
  });
});

test.each<[string, string, string]>([
  ['nothing', '', 'empty_answer'],
  ['null, as a handler without a result does', 'null', 'shape'],
  ['an object', '{"a-0":{"score":1}}', 'shape'],
  ['the answer of a web function', '{"statusCode":200,"body":"[]"}', 'shape'],
  ['a text', '"4711"', 'shape'],
  ['NaN', '[{"key":"a-0","score":NaN}]', 'not_json'],
  ['half an answer', '[{"key":"a-0","sco', 'not_json'],
  ['a key that was not sent', JSON.stringify([...whole, entry('b-0')]), 'key'],
  [
    'a key of another call',
    JSON.stringify(whole.map(({ score }, place) => entry(`b-${place}`, score))),
    'key',
  ],
  ['a key that is a number', JSON.stringify([entry(0)]), 'key'],
  ['a key of the prototype', JSON.stringify([entry('constructor')]), 'key'],
  ['a result without a key', '[{"score":4711}]', 'key'],
  ['results that are numbers', '[4711,4711,4711]', 'key'],
])('an answer of %s leaves every row in doubt', (_name, payload, code) => {
  expect(() => parse(payload)).toThrow(expect.objectContaining({ kind: 'contract', code, requestId: 'r-1' }));
});

test('no message repeats what was answered', () => {
  const answers = ['[{"key":"4711"}]', '4711', '[{"key":"a-0","score":"4711"}]', '[{"key":4711', '"4711"'];
  for (const payload of answers) {
    let said: unknown;
    try {
      said = parse(payload)[0];
    } catch (error) {
      said = error;
    }
    expect(said).toBeInstanceOf(Fault);
    expect(`${(said as Fault).stack} ${JSON.stringify(said)}`).not.toContain('4711');
  }
});
