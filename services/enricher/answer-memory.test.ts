import fc from 'fast-check';
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
  memory.set('larger than a half', answer(4, 2_400));
  expect(['again', 'c', 'larger than a half'].map((hash) => memory.get(hash)?.result)).toEqual([
    9,
    3,
    undefined,
  ]);
  memory.set('c', answer(5, 2_400));
  expect(memory.get('c')).toBeUndefined();
});

test('of any sequence of answers the half that was used last is remembered, each as it was last', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean()), { maxLength: 100 }),
      (uses) => {
        const memory = new AnswerMemory<number>({ answersMax: 8, bytesMax: 1e6 });
        const last = new Map<number, number>();
        for (const [time, [number, isAsked]] of uses.entries()) {
          const result = last.get(number);
          const recent = [...last.keys()].slice(-4);
          if (isAsked) {
            const found = memory.get(String(number))?.result;
            if (recent.includes(number) || found !== undefined) expect(found).toBe(result);
            if (found === undefined) continue;
          } else memory.set(String(number), answer(time));
          last.delete(number);
          last.set(number, isAsked && result !== undefined ? result : time);
        }
      },
    ),
  );
});
