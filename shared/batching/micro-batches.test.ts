import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoundedQueue } from './bounded-queue.ts';
import { microBatches } from './micro-batches.ts';

const queueOfNumbers = (): BoundedQueue<number> =>
  new BoundedQueue({ rowsMax: 1000, bytesMax: 1e9 }, () => 10);

describe('micro-batches', () => {
  test('an idle model gets a single row at once, whatever the age limit', async () => {
    const queue = queueOfNumbers();
    const batches = microBatches(queue, { rowsMax: 100, bytesMax: 1e6, waitMaxMs: 3_600_000 }, () => false);
    queue.push(1);
    expect((await batches.next()).value).toEqual([1]);
  });

  test('while calls are in flight a batch fills, and closes on rows', async () => {
    const queue = queueOfNumbers();
    const batches = microBatches(queue, { rowsMax: 3, bytesMax: 1e6, waitMaxMs: 3_600_000 }, () => true);
    const first = batches.next();
    for (const item of [1, 2, 3, 4]) queue.push(item);
    expect((await first).value).toEqual([1, 2, 3]);
  });

  test('while calls are in flight a batch closes on age', async () => {
    const queue = queueOfNumbers();
    const batches = microBatches(queue, { rowsMax: 100, bytesMax: 1e6, waitMaxMs: 5 }, () => true);
    queue.push(1);
    queue.push(2);
    expect((await batches.next()).value).toEqual([1, 2]);
  });

  test('a batch closes on bytes, and one larger than the limit still goes alone', async () => {
    const queue = new BoundedQueue<number>({ rowsMax: 1000, bytesMax: 1e9 }, (bytes) => bytes);
    for (const bytes of [40, 40, 40, 500, 1]) queue.push(bytes);
    queue.close();
    const batches: (readonly number[])[] = [];
    for await (const batch of microBatches(queue, { rowsMax: 9, bytesMax: 100, waitMaxMs: 0 }, () => true)) {
      batches.push(batch);
    }
    expect(batches).toEqual([[40, 40], [40], [500], [1]]);
  });

  test('everything pushed comes out once, in order, within the limits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 120 }),
        async (weights, rowsMax, bytesMax) => {
          const queue = new BoundedQueue<number>({ rowsMax: 1000, bytesMax: 1e9 }, (weight) => weight);
          for (const weight of weights) queue.push(weight);
          queue.close();
          const seen: number[] = [];
          for await (const batch of microBatches(queue, { rowsMax, bytesMax, waitMaxMs: 0 }, () => true)) {
            expect(batch.length).toBeLessThanOrEqual(rowsMax);
            const bytes = batch.reduce((sum, weight) => sum + weight, 0);
            expect(batch.length === 1 || bytes <= bytesMax).toBe(true);
            seen.push(...batch);
          }
          expect(seen).toEqual(weights);
          expect(queue.bytes).toBe(0);
        },
      ),
    );
  });
});

describe('the bounded queue', () => {
  test('is full by rows or by bytes, and says when there is room again', async () => {
    const queue = new BoundedQueue<number>({ rowsMax: 3, bytesMax: 100 }, (bytes) => bytes);
    queue.push(100);
    expect(queue.full).toBe(true);
    const room = queue.roomAgain(3_600_000);
    await queue.take({ rowsMax: 9, bytesMax: 1e6, waitMaxMs: 0 });
    await room;
    for (const bytes of [1, 1, 1]) queue.push(bytes);
    expect(queue.full).toBe(true);
  });

  test('hands out what is left before it reports the error it was closed with', async () => {
    const queue = queueOfNumbers();
    queue.push(1);
    queue.close(new Error('gone'));
    const limits = { rowsMax: 9, bytesMax: 1e6, waitMaxMs: 0 };
    expect(await queue.take(limits)).toEqual([1]);
    await expect(queue.take(limits)).rejects.toThrow('gone');
  });

  test('abandoned, it hands out nothing more', async () => {
    const queue = queueOfNumbers();
    queue.push(1);
    queue.abandon();
    expect(await queue.take({ rowsMax: 9, bytesMax: 1e6, waitMaxMs: 0 })).toEqual([]);
    expect(queue.bytes).toBe(0);
  });
});
