import type { BoundedQueue, TakeLimits } from './bounded-queue.ts';

/**
 * Batches that close on rows, bytes or age. While nothing is in flight a batch waits for no company: an idle model gets a
 * single row at once, and under load batches fill by themselves. Ends when the queue is closed and empty.
 */
export async function* microBatches<T>(
  queue: BoundedQueue<T>,
  limits: TakeLimits,
  busy: () => boolean,
): AsyncGenerator<readonly T[], void, void> {
  for (;;) {
    const batch = await queue.take(busy() ? limits : { ...limits, waitMaxMs: 0 });
    if (batch.length === 0) return;
    yield batch;
  }
}
