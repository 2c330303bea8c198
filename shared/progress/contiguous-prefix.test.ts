import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContiguousPrefix } from './contiguous-prefix.ts';

describe('the contiguous prefix', () => {
  for (const [name, finished, safe] of [
    ['moves with every finish that comes in order', [1n, 2n, 3n], [1n, 2n, 3n]],
    ['is held back by an open oldest', [3n, 2n], [undefined, undefined]],
    ['releases the run behind a closed gap', [2n, 3n, 1n], [undefined, undefined, 3n]],
    ['never steps over a hole in the middle', [3n, 1n], [undefined, 1n]],
  ] as const) {
    test(name, () => {
      const prefix = new ContiguousPrefix();
      for (const position of [1n, 2n, 3n]) prefix.start(position);
      expect(finished.map((position) => prefix.finish(position))).toEqual(safe);
    });
  }

  test('refuses a position out of order, twice finished or never started', () => {
    const prefix = new ContiguousPrefix();
    prefix.start(5n);
    expect(() => prefix.start(5n)).toThrow(RangeError);
    expect(() => prefix.finish(4n)).toThrow(RangeError);
    prefix.finish(5n);
    expect(() => prefix.finish(5n)).toThrow(RangeError);
  });

  test('equals the naive rule for every order of finishing', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.bigInt({ min: 0n, max: 200n }), { minLength: 1, maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        (positions, choices) => {
          const ordered = [...positions].sort((a, b) => (a < b ? -1 : 1));
          const prefix = new ContiguousPrefix();
          for (const position of ordered) prefix.start(position);
          const open = new Set(ordered);
          while (open.size > 0) {
            const remaining = [...open];
            const next = remaining[(choices.next().value ?? 0) % remaining.length];
            if (next === undefined) break;
            open.delete(next);
            prefix.finish(next);
            const oldestOpen = ordered.find((position) => open.has(position));
            const before = ordered.filter((position) => oldestOpen === undefined || position < oldestOpen);
            expect(prefix.safe).toBe(before.at(-1));
          }
          expect(prefix.size).toBe(0);
        },
      ),
    );
  });

  test('stays right and small over thousands of positions', () => {
    const prefix = new ContiguousPrefix();
    const WINDOW = 50n;
    for (let position = 1n; position <= 10_000n; position++) {
      prefix.start(position);
      if (position <= WINDOW) continue;
      // Pairwise in the wrong order, so that every other finish has to wait for its neighbour.
      const done = position - WINDOW;
      prefix.finish(done % 2n === 0n ? done - 1n : done + 1n);
      expect(prefix.safe ?? 0n).toBeLessThanOrEqual(done + 1n);
    }
    expect(prefix.safe).toBe(10_000n - WINDOW);
    expect(prefix.size).toBe(Number(WINDOW));
  });
});
