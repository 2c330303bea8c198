import { expect, test } from 'vitest';
import { AnswerMemory } from './answer-memory.ts';

const answer = (result: number, bytes = 10) => ({ result, costNanoUsd: 0, bytes });

test('of more answers than allowed the one used longest ago is forgotten', () => {
  const memory = new AnswerMemory<number>({ answersMax: 2, bytesMax: 1e6 });
  memory.set('a', answer(1));
  memory.set('b', answer(2));
  memory.get('a');
  memory.set('c', answer(3));
  expect(['a', 'b', 'c'].map((hash) => memory.get(hash)?.result)).toEqual([1, undefined, 3]);
});

test('bytes are bounded too, and an answer set again counts once', () => {
  const memory = new AnswerMemory<number>({ answersMax: 100, bytesMax: 5_000 });
  for (let times = 0; times < 10; times++) memory.set('again', answer(times, 2_000));
  memory.set('b', answer(2, 2_000));
  expect(memory.get('again')?.result).toBe(9);
  memory.set('c', answer(3, 2_000));
  expect(['again', 'b', 'c'].map((hash) => memory.get(hash)?.result)).toEqual([9, undefined, 3]);
  memory.set('larger than everything', answer(4, 6_000));
  expect(['again', 'c', 'larger than everything'].map((hash) => memory.get(hash))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
