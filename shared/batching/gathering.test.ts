import { expect, test } from 'vitest';
import { Gathering } from './gathering.ts';

function held() {
  const batches: (readonly number[])[] = [];
  const releases: (() => void)[] = [];
  const work = async (items: readonly number[]): Promise<readonly number[]> => {
    batches.push(items);
    const { promise, resolve } = Promise.withResolvers<void>();
    releases.push(resolve);
    await promise;
    return items.map((item) => item * 10);
  };
  return { batches, releases, work };
}

test('what is asked in one go travels together, and what comes meanwhile goes with the next', async () => {
  const { batches, releases, work } = held();
  const gathering = new Gathering(work, 100);
  const first = Promise.all([gathering.ask(1), gathering.ask(2)]);
  await Promise.resolve();
  const second = Promise.all([gathering.ask(3), gathering.ask(4)]);
  releases[0]?.();
  expect(await first).toEqual([10, 20]);
  await expect.poll(() => releases.length).toBe(2);
  releases[1]?.();
  expect(await second).toEqual([30, 40]);
  expect(batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('no batch is larger than allowed, and every asker has its own answer', async () => {
  const sizes: number[] = [];
  const gathering = new Gathering(async (items: readonly number[]) => {
    sizes.push(items.length);
    return items.map((item) => -item);
  }, 3);
  const asked = Array.from({ length: 8 }, (_, index) => index);
  expect(await Promise.all(asked.map((item) => gathering.ask(item)))).toEqual(asked.map((item) => -item));
  expect(sizes).toEqual([3, 3, 2]);
});

test('an error reaches those that were asked with it, and the next are asked again', async () => {
  let calls = 0;
  const gathering = new Gathering(async (items: readonly number[]) => {
    if (++calls === 1) throw new Error('away');
    return calls === 2 ? [] : items;
  }, 100);
  await expect(gathering.ask(1)).rejects.toThrow('away');
  await expect(gathering.ask(2)).rejects.toThrow(RangeError);
  expect(await gathering.ask(3)).toBe(3);
});
