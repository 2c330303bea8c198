import { describe, expect, test } from 'vitest';
import { Fault } from '../../errors/policy.ts';
import { parseEmbedding } from './response.ts';

const parse = (body: string) => parseEmbedding({ body, requestId: 'r-1' }, 3);
const answer = (embedding: unknown, inputTextTokenCount: unknown = 7) =>
  JSON.stringify({ embedding, inputTextTokenCount, embeddingsByType: { float: [1, 2, 3] } });

test('a vector is kept as 32-bit floats, with its count of tokens', () => {
  const { vector_f32le_base64, tokens } = parse(answer([0.25, -1, 1e-3]));
  const bytes = Buffer.from(vector_f32le_base64, 'base64');
  expect([0, 4, 8].map((at) => bytes.readFloatLE(at))).toEqual([0.25, -1, Math.fround(1e-3)]);
  expect(tokens).toBe(7);
});

describe('anything else is a contract fault, never a guess', () => {
  test.each([
    ['empty', '', 'empty_answer'],
    ['cut', answer([1, 2, 3]).slice(0, -9), 'not_json'],
    ['a page', '<html>', 'not_json'],
    ['nothing', 'null', 'shape'],
    ['no vector', '{"inputTextTokenCount":3}', 'shape'],
    ['one that is only inherited', '{"__proto__":{"embedding":[1,2,3]}}', 'shape'],
    ['a shorter vector', answer([1, 2]), 'dimensions'],
    ['a longer vector', answer([1, 2, 3, 4]), 'dimensions'],
    ['a number as text', answer([1, '2', 3]), 'not_finite'],
    ['no number', answer([1, null, 3]), 'not_finite'],
    ['a number that is infinite in 32 bits', answer([1, 1e39, 3]), 'not_finite'],
    ['NaN', '{"embedding":[1,NaN,3],"inputTextTokenCount":3}', 'not_json'],
    ['only zeros', answer([0, 0, -0]), 'zero_vector'],
    ['only zeros in 32 bits', answer([1e-60, 0, 0]), 'zero_vector'],
    ['no count', JSON.stringify({ embedding: [1, 2, 3] }), 'tokens'],
    ['half a token', answer([1, 2, 3], 1.5), 'tokens'],
    ['fewer tokens than none', answer([1, 2, 3], -1), 'tokens'],
    ['a count as text', answer([1, 2, 3], '7'), 'tokens'],
  ])('%s', (_name, body, code) => {
    let thrown: unknown;
    try {
      parse(body);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Fault);
    expect(thrown).toMatchObject({ kind: 'contract', code, requestId: 'r-1' });
  });
});
