import { describe, expect, test } from 'vitest';
import { Fault } from '../../errors/policy.ts';
import { parseEmbeddings } from './response.ts';

const parse = (body: string, texts = 2) => parseEmbeddings({ body, requestId: 'r-1' }, texts, 3);
const told = (answer: unknown, texts?: number) =>
  parse(JSON.stringify(answer), texts).map((result) =>
    result instanceof Fault
      ? result.code
      : Array.from({ length: 3 }, (_, place) => Buffer.from(result, 'base64').readFloatLE(4 * place)),
  );
const A = [1, 0, 0.5];
const B = [-1, 2, 0];

describe('vectors in the order of their texts', () => {
  test.each([
    [
      'keyed by their type',
      { id: 'x', response_type: 'embeddings_by_type', embeddings: { float: [A, B] }, texts: [] },
    ],
    ['with other types beside', { embeddings: { int8: [[1], [2]], float: [A, B] } }],
    [
      'as a plain list',
      { id: 'x', response_type: 'embeddings_floats', embeddings: [A, B], texts: ['a', 'b'] },
    ],
  ])('%s', (_name, answer) => {
    expect(told(answer)).toEqual([A, B]);
  });
});

describe('one vector that is none is its own text’s fault', () => {
  test.each<[string, unknown, string]>([
    ['of another length', [1, 2], 'dimensions'],
    ['with null', [1, null, 2], 'not_finite'],
    ['with a text', [1, 'NaN', 2], 'not_finite'],
    ['with a number too large for 32 bits', [1, 1e39, 2], 'not_finite'],
    ['of zeros', [0, 0, 0], 'zero_vector'],
    ['that is null', null, 'shape'],
    ['that is a text', '4711', 'shape'],
  ])('%s', (_name, spoiled, code) => {
    expect(told({ embeddings: { float: [A, spoiled] } })).toEqual([A, code]);
    expect(told({ embeddings: [spoiled, B] })).toEqual([code, B]);
  });
});

test.each<[string, string, string]>([
  ['nothing', '', 'empty_answer'],
  ['half an answer', '{"embeddings":{"float":[[0.1,', 'not_json'],
  ['NaN', '{"embeddings":[[NaN,1,2],[1,2,3]]}', 'not_json'],
  ['no vectors', '{}', 'shape'],
  ['null', 'null', 'shape'],
  ['vectors of another type', '{"embeddings":{"int8":[[1],[2]]}}', 'shape'],
  ['a vector too few', '{"embeddings":[[1,2,3]]}', 'row_count'],
  ['a vector too many', '{"embeddings":{"float":[[1,2,3],[1,2,3],[1,2,3]]}}', 'row_count'],
])('an answer of %s leaves every text in doubt, and is not quoted', (_name, body, code) => {
  let fault: unknown;
  try {
    parse(body);
  } catch (error) {
    fault = error;
  }
  expect(fault).toMatchObject({ kind: 'contract', code, requestId: 'r-1' });
  expect((fault as Fault).message).not.toContain('0.1');
});
