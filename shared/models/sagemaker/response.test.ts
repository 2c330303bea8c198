import { describe, expect, test } from 'vitest';
import { Fault } from '../../errors/policy.ts';
import { parseResponse } from './response.ts';

const answer = (body: string, contentType = 'text/csv; charset=utf-8') => ({
  body,
  contentType,
  requestId: 'r-1',
});

describe('the forms containers answer in', () => {
  test.each([
    ['one value per line, last newline', '0.1\n0.25\n', 'text/csv'],
    ['one value per line, carriage returns', '0.1\r\n0.25\r\n', 'text/csv'],
    ['values on one line', '0.1,0.25', 'text/csv; charset=utf-8'],
    ['JSON predictions', '{"predictions":[{"score":0.1},{"score":0.25}]}', 'application/json'],
    ['JSON scores', '{"scores":[{"score":0.1},{"score":0.25}]}', 'application/json'],
    ['JSON lines', '{"score":0.1,"predicted_label":0}\n{"score":0.25}\n', 'application/jsonlines'],
    [
      'JSON lines under another name',
      '{"score":0.1}\r\n{"score":0.25}',
      'application/x-ndjson; charset=utf-8',
    ],
    ['JSON predictions under another type', '{"predictions":[{"score":1e-1},{"score":0.25}]}', 'text/plain'],
  ])('%s', (_name, body, contentType) => {
    expect(parseResponse(answer(body, contentType), 2, ['score'])).toEqual([{ score: 0.1 }, { score: 0.25 }]);
  });

  test('a single output has the name the definition gives it', () => {
    expect(parseResponse(answer('0.1\n0.2'), 2, ['probability'])[1]).toEqual({ probability: 0.2 });
    const json = '{"predictions":[{"score":0.3,"predicted_label":1}]}';
    expect(parseResponse(answer(json, 'application/json'), 1, ['probability'])).toEqual([
      { probability: 0.3 },
    ]);
  });

  test('one row of JSON lines is one object', () => {
    expect(parseResponse(answer('{"score":0.1}', 'application/jsonlines'), 1, ['score'])).toEqual([
      { score: 0.1 },
    ]);
  });

  test('several outputs are several columns of a row, or members of a prediction', () => {
    const expected = [
      { low: 0.1, high: 0.9 },
      { low: 0.2, high: 0.8 },
    ];
    expect(parseResponse(answer('0.1,0.9\n0.2,0.8\n'), 2, ['low', 'high'])).toEqual(expected);
    const json = '{"predictions":[{"high":0.9,"low":0.1},{"low":0.2,"high":0.8}]}';
    expect(parseResponse(answer(json, 'application/json'), 2, ['low', 'high'])).toEqual(expected);
  });
});

describe('anything else is a contract fault, never a guess', () => {
  test.each([
    ['empty', '', 'empty_answer'],
    ['only white space', ' \n', 'empty_answer'],
    ['a row too few', '0.1', 'row_count'],
    ['a row too many', '0.1\n0.2\n0.3', 'row_count'],
    ['a value too many on one line', '0.1,0.2,0.3', 'row_count'],
    ['a line with two values', '0.1,0.2\n0.3', 'output_count'],
    ['an empty line between', '0.1\n\n', 'row_count'],
    ['an empty cell', '0.1,', 'not_finite'],
    ['nan as Python prints it', '0.1\nnan', 'not_finite'],
    ['infinity', '0.1\nInfinity', 'not_finite'],
    ['a number too large to be finite', '0.1\n1e999', 'not_finite'],
    ['hexadecimal', '0.1\n0x10', 'not_finite'],
    ['a label', '0.1\nfraud', 'not_finite'],
    ['a page', '<html>\n<body>', 'not_finite'],
    ['cut JSON', '{"predictions":[{"score":0.1},{"sco', 'not_json'],
    ['JSON with NaN', '{"predictions":[{"score":0.1},{"score":NaN}]}', 'not_json'],
    ['JSON without predictions', '{"scores":[0.1,0.2]}', 'shape'],
    ['JSON that only inherits them', '{"__proto__":{"predictions":[]}}', 'shape'],
    ['a prediction without a score', '{"predictions":[{"score":0.1},{}]}', 'not_finite'],
    ['a score as text', '{"predictions":[{"score":0.1},{"score":"0.2"}]}', 'not_finite'],
  ])('%s', (_name, body, code) => {
    const thrown = catching(() => parseResponse(answer(body), 2, ['score']));
    expect(thrown).toMatchObject({ kind: 'contract', code, requestId: 'r-1' });
  });

  test.each([
    ['a line too few', '{"score":0.1}', 'row_count'],
    ['a line too many', '{"score":0.1}\n{"score":0.2}\n{"score":0.3}', 'row_count'],
    ['an empty line between', '{"score":0.1}\n\n{"score":0.2}', 'not_json'],
    ['a cut line', '{"score":0.1}\n{"sco', 'not_json'],
    ['NaN as Python prints it', '{"score":0.1}\n{"score":NaN}', 'not_json'],
    ['a line without a score', '{"score":0.1}\n{"label":1}', 'not_finite'],
    ['a number alone', '0.1\n0.2', 'not_finite'],
    ['a list of classes', '{"score":0.1}\n{"score":[0.2,0.8]}', 'not_finite'],
  ])('of JSON lines: %s', (_name, body, code) => {
    const thrown = catching(() => parseResponse(answer(body, 'application/jsonlines'), 2, ['score']));
    expect(thrown).toMatchObject({ kind: 'contract', code });
  });

  test('several outputs on one line for several rows could be cut up in two ways', () => {
    expect(catching(() => parseResponse(answer('0.1,0.9,0.2,0.8'), 2, ['low', 'high'])).kind).toBe(
      'contract',
    );
  });
});

function catching(act: () => unknown): Fault {
  try {
    act();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
