import { expect, test } from 'vitest';
import { decodeVectors } from './vectors.ts';

const floats = [0.5, -1.25, 3.4e38];
const bytes = Buffer.alloc(12);
for (const [place, float] of floats.entries()) bytes.writeFloatLE(float, 4 * place);
const chunk = { start: 0, end: 9, tokens: 3, vector_f32le_base64: bytes.toString('base64') };
const embedding = { dimensions: 3, truncated: false, chunks: [chunk, chunk] };

test('vectors become numbers, exactly those that were written', () => {
  const { chunks, ...rest } = decodeVectors(embedding);
  expect(rest).toEqual({ dimensions: 3, truncated: false });
  expect(chunks).toHaveLength(2);
  expect(chunks[0]?.vector).toEqual(new Float32Array(floats));
});

test.each([
  ['another result', { score: 0.5 }],
  ['too few bytes', { ...embedding, dimensions: 4 }],
  ['no base64', { ...embedding, chunks: [{ ...chunk, vector_f32le_base64: '***' }] }],
])('%s is refused', (_title, result) => {
  expect(() => decodeVectors(result)).toThrow(TypeError);
});
