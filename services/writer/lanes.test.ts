import { expect, test } from 'vitest';
import { BoundedQueue } from '../../shared/batching/bounded-queue.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { type Lane, runLanes } from './lanes.ts';

const LIMITS = { rowsMax: 10, bytesMax: 1_000, waitMaxMs: 0 };

const record = (topic: string): FetchedRecord => ({
  topic,
  partition: 0,
  offset: 0n,
  key: null,
  value: null,
  timestampMs: 0,
  assignment: { current: true },
});

function laneOf(write: Lane['write']) {
  const queue = new BoundedQueue<FetchedRecord>(LIMITS, () => 1);
  return { queue, limits: () => LIMITS, write };
}

test('what one lane waits for holds up no other, and all end when their queues do', async () => {
  const { promise: isPassed, resolve: pass } = Promise.withResolvers<void>();
  const order: string[] = [];
  const slow = laneOf(async () => {
    await isPassed;
    order.push('slow');
  });
  const quick = laneOf(async () => {
    order.push('quick');
    // The next of this lane comes although the other is still at its first.
    if (order.length === 1) quick.queue.push(record('quick'));
    else pass();
  });
  const ended = runLanes([slow, quick], () => {});
  slow.queue.push(record('slow'));
  quick.queue.push(record('quick'));
  await isPassed;
  for (const { queue } of [slow, quick]) queue.close();
  await ended;
  expect(order).toEqual(['quick', 'quick', 'slow']);
});

test('the first error stops all lanes, and is told when each has ended what it was at', async () => {
  const { promise: isStopped, resolve } = Promise.withResolvers<void>();
  let hasEnded = false;
  const broken = laneOf(async () => {
    throw new RangeError('broken');
  });
  const other = laneOf(async () => {
    await isStopped;
    hasEnded = true;
    throw new RangeError('only because of the first');
  });
  const ended = runLanes([other, broken], () => {
    for (const { queue } of [broken, other]) queue.abandon();
    resolve();
  });
  other.queue.push(record('other'));
  broken.queue.push(record('broken'));
  await expect(ended).rejects.toThrow('broken');
  expect(hasEnded).toBe(true);
});
