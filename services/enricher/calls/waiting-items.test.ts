import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WaitingItems } from './waiting-items.ts';

const LIMITS = { rowsMax: 3, bytesMax: 100, waitMaxMs: 50 };

describe('what waits for a call', () => {
  test('is a batch when it is full of rows, full of bytes, or old enough', () => {
    const waiting = new WaitingItems<string>(LIMITS);
    waiting.add('a', 'en', 10, 0);
    expect(waiting.take(50, 49)).toEqual([]);
    expect(waiting.dueAtMs(50)).toBe(50);
    expect(waiting.take(50, 50)).toEqual(['a']);
    for (const item of ['b', 'c', 'd', 'e']) waiting.add(item, 'en', 10, 60);
    expect(waiting.take(50, 60)).toEqual(['b', 'c', 'd']);
    expect(waiting.take(50, 60)).toEqual([]);
    waiting.add('f', 'en', 95, 61);
    expect(waiting.take(50, 61)).toEqual(['e']);
    waiting.add('g', 'en', 10, 62);
    expect(waiting.take(50, 62)).toEqual(['f']);
  });

  test('goes out group by group, the one that waits longest first; an item above the limit goes alone', () => {
    const waiting = new WaitingItems<string>(LIMITS);
    waiting.add('huge', 'de', 500, 1);
    waiting.add('a', 'en', 1, 0);
    waiting.add('b', 'de', 1, 2);
    waiting.add('c', 'en', 1, 3);
    expect([1, 2, 3, 4].map(() => waiting.take(0, 10))).toEqual([['a', 'c'], ['huge'], ['b'], []]);
  });

  test('comes out exactly once, in the order of its group, within the limits', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ group: fc.constantFrom('x', 'y', 'z'), bytes: fc.integer({ min: 1, max: 120 }) }),
        fc.constant('take'),
      ),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const waiting = new WaitingItems<{ group: string; bytes: number; id: number }>(LIMITS);
        const out: { group: string; id: number }[] = [];
        const take = () => {
          const batch = waiting.take(0, 0);
          expect(new Set(batch.map(({ group }) => group)).size).toBeLessThanOrEqual(1);
          expect(batch.length).toBeLessThanOrEqual(LIMITS.rowsMax);
          const bytes = batch.reduce((sum, item) => sum + item.bytes, 0);
          expect(batch.length <= 1 || bytes <= LIMITS.bytesMax).toBe(true);
          out.push(...batch);
          return batch.length;
        };
        let added = 0;
        for (const step of all) {
          if (typeof step === 'string') take();
          else waiting.add({ ...step, id: added++ }, step.group, step.bytes, 0);
        }
        while (take() > 0);
        expect(out.length).toBe(added);
        for (const ids of Map.groupBy(out, ({ group }) => group).values()) {
          expect(ids.map(({ id }) => id)).toEqual(ids.map(({ id }) => id).toSorted((a, b) => a - b));
        }
      }),
    );
  });

  test('is sifted: what is taken out goes, what is left keeps its order, its age and its bytes', () => {
    const waiting = new WaitingItems<string>(LIMITS);
    for (const [place, item] of ['a', 'b', 'c', 'd'].entries()) waiting.add(item, 'en', 40, place);
    waiting.add('e', 'de', 1, 9);
    expect(waiting.sift((item) => item === 'b' || item === 'c')).toEqual(['a', 'd', 'e']);
    expect(waiting.dueAtMs(50)).toBe(51);
    waiting.add('f', 'en', 40, 10);
    expect(waiting.take(50, 51)).toEqual(['b', 'c']);
    expect(waiting.clear()).toEqual(['f']);
  });

  test('is held by its first item: it is not due before that may go, and others are taken meanwhile', () => {
    let isHeld = true;
    const waiting = new WaitingItems<string>(LIMITS, (item) => isHeld && item === 'a');
    for (const item of ['a', 'b']) waiting.add(item, 'en', 1, 0);
    expect([waiting.take(0, 100), waiting.dueAtMs(50)]).toEqual([[], undefined]);
    waiting.add('c', 'de', 1, 60);
    expect(waiting.dueAtMs(50)).toBe(110);
    expect(waiting.take(0, 100)).toEqual(['c']);
    isHeld = false;
    expect(waiting.dueAtMs(50)).toBe(50);
    expect(waiting.take(50, 100)).toEqual(['a', 'b']);
  });

  test('is told when it is given up', () => {
    const waiting = new WaitingItems<string>(LIMITS);
    for (const item of ['a', 'b', 'c', 'd']) waiting.add(item, 'en', 1, 0);
    waiting.take(0, 0);
    waiting.add('e', 'de', 1, 0);
    expect(waiting.clear()).toEqual(['d', 'e']);
    expect(waiting.take(0, 0)).toEqual([]);
  });
});
