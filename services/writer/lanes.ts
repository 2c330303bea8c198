import type { BoundedQueue, TakeLimits } from '../../shared/batching/bounded-queue.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';

/** Takes what comes of one topic until there is no more. */
export interface Lane {
  readonly queue: Pick<BoundedQueue<FetchedRecord>, 'take'>;
  limits(): TakeLimits;
  /** Resolves when the records are safe, or somebody else's, and the next may come. */
  write(records: readonly FetchedRecord[]): Promise<void>;
}

/**
 * Every enrichment beside the others: a score must not wait for vectors, whose index takes nearly fifty times as long. Resolves when all
 * queues have ended; with the first error all of them are told to, and it rejects when they have.
 */
export async function runLanes(lanes: readonly Lane[], stop: () => void): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  const running = lanes.map((lane) =>
    run(lane).catch((error: unknown) => {
      failure ??= { error };
      stop();
    }),
  );
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}

async function run({ queue, limits, write }: Lane): Promise<void> {
  for (;;) {
    const records = await queue.take(limits());
    if (records.length === 0) return;
    await write(records);
  }
}
