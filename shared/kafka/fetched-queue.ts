import { BoundedQueue, type QueueLimits } from '../batching/bounded-queue.ts';
import type { FetchedRecord } from './consumer.ts';

/** What an object around a record costs beside its bytes, roughly. */
const RECORD_OVERHEAD_BYTES = 200;

export const queueOf = (window: QueueLimits): BoundedQueue<FetchedRecord> =>
  new BoundedQueue(
    window,
    ({ key, value }) => (key?.length ?? 0) + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES,
  );
