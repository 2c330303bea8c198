import { expect, test } from 'vitest';
import { Fault } from '../errors/policy.ts';
import type { Asked, ModelItem, RowInput } from './model.ts';
import { rowBoundNanoUsd } from './row-bound.ts';

/** Ten for a call, and one for each character. */
const boundNanoUsd = (items: readonly ModelItem[]): number =>
  items.reduce((sum, { input }) => sum + input.length, 10);

const detector = {
  boundNanoUsd,
  itemsOf: ({ input }: RowInput): Asked => ({ kind: 'items', items: [{ input }] }),
};

const model = {
  boundNanoUsd,
  detector,
  itemsOf({ input, language, detected }: RowInput): Asked {
    if (input === '') return { kind: 'skip', reason: 'empty_input' };
    if (input === 'bad') throw new Fault('input', 'bad', 'bad');
    if (language === undefined && detected === undefined) return { kind: 'detect' };
    return {
      kind: 'items',
      items: String(input)
        .split(' ')
        .map((word) => ({ input: word })),
    };
  },
};

test.each<[string, RowInput, number]>([
  ['each item in a call of its own', { input: 'two words', language: 'en' }, 13 + 15],
  ['its detection, too, where nobody tells the language', { input: 'two words' }, 19 + 13 + 15],
  ['nothing where nothing is asked', { input: '' }, 0],
  ['nothing where the row fails', { input: 'bad' }, 0],
])('a row costs at most %s', (_what, input, nanoUsd) => {
  expect(rowBoundNanoUsd(model, input)).toBe(nanoUsd);
});
