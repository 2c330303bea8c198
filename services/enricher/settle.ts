import type { BoundedQueue, QueueLimits } from '../../shared/batching/bounded-queue.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { AnsweredRow } from './ask.ts';
import { Dropped } from './dropped.ts';
import type { Incomplete, Prepared, PreparedWhole } from './prepare.ts';
import { RowsInFlight, type Settlement } from './rows-in-flight.ts';

/** A record with all that its outcome needs. */
export interface SettledRow {
  readonly prepared: PreparedWhole;
  /** Only for those that asked the model. */
  readonly answered: AnsweredRow | undefined;
}

/** A change that has all its columns now. */
export interface Completed {
  readonly prepared: PreparedWhole;
  /** Of what was read for it, roughly. */
  readonly bytes: number;
}

/** What is done with a record on its way to its outcome; what waits rejects with `Dropped` for a row that gets none here. */
export interface RowSteps {
  /** What can be told without waiting. */
  prepare(record: FetchedRecord): Prepared;
  /** The same for a change that does not carry all that is read of it. */
  complete(row: Incomplete): Promise<Completed>;
  ask(row: Extract<Prepared, { kind: 'ask' }>): Promise<AnsweredRow>;
  /** Nothing else may be under way while this record is. */
  isAlone(record: FetchedRecord): boolean;
}

/**
 * A row alone is given this long, more than any call may take: what ends the worker does so by then, and a row that waits for
 * others (a refusal for an acceptance, a suspect for answers) would otherwise keep them away for ever.
 */
const ALONE_MAX_MS = 70_000;
/** Of one publication: with more, what is ready would wait for what is not. */
const PUBLISHED_AT_ONCE_MAX = 500;

/**
 * Records in, settled rows out: as many under way at once as the window allows, while the order of every key, and a truncate
 * between rows, stays that of the topic. What was yielded counts as published when the next is asked for. Ends when the
 * queue is closed and everything under way has settled or was dropped.
 */
export async function* settle(
  queue: Pick<BoundedQueue<FetchedRecord>, 'take'>,
  steps: RowSteps,
  window: QueueLimits,
  aloneMaxMs = ALONE_MAX_MS,
): AsyncGenerator<readonly SettledRow[], void, void> {
  const rows = new RowsInFlight<SettledRow>(window);
  void admit(queue, steps, rows, { ...window, aloneMaxMs }).then(
    () => rows.complete(),
    (error: unknown) => rows.fail(error),
  );
  for (;;) {
    const settled = await rows.take(PUBLISHED_AT_ONCE_MAX);
    if (settled.length === 0) return;
    yield settled;
    rows.published(settled);
  }
}

async function admit(
  queue: Pick<BoundedQueue<FetchedRecord>, 'take'>,
  steps: RowSteps,
  rows: RowsInFlight<SettledRow>,
  { bytesMax, aloneMaxMs }: QueueLimits & { readonly aloneMaxMs: number },
): Promise<void> {
  for (;;) {
    const rowsMax = await rows.room();
    if (rowsMax === 0) return;
    const records = await queue.take({ rowsMax, bytesMax, waitMaxMs: 0 });
    if (records.length === 0) return;
    for (const record of records) {
      if (!record.assignment.current) continue;
      const isAlone = steps.isAlone(record);
      if (isAlone) await rows.empty(aloneMaxMs);
      // What is read for incomplete rows comes on top of what was taken.
      if (rows.isFull && (await rows.room()) === 0) return;
      begin(record, steps, rows);
      if (isAlone) await rows.empty(aloneMaxMs);
    }
  }
}

function begin(record: FetchedRecord, steps: RowSteps, rows: RowsInFlight<SettledRow>): void {
  const prepared = steps.prepare(record);
  // Latin 1 keeps every byte apart, whatever they mean.
  const key = prepared.kind === 'truncated' ? undefined : (record.key?.toString('latin1') ?? '');
  const settlement = rows.add(record, key, prepared.kind === 'incomplete');
  if (prepared.kind !== 'ask' && prepared.kind !== 'incomplete') {
    settlement.settle({ prepared, answered: undefined });
    return;
  }
  settleRow(prepared, steps, settlement).then(
    (row) => settlement.settle(row),
    (error: unknown) => {
      settlement.discard();
      if (!(error instanceof Dropped)) rows.fail(error);
    },
  );
}

async function settleRow(
  prepared: Extract<Prepared, { kind: 'ask' | 'incomplete' }>,
  steps: RowSteps,
  settlement: Settlement<SettledRow>,
): Promise<SettledRow> {
  let whole: PreparedWhole;
  if (prepared.kind === 'incomplete') {
    const completed = await steps.complete(prepared);
    settlement.completed(completed.bytes);
    whole = completed.prepared;
  } else whole = prepared;
  return { prepared: whole, answered: whole.kind === 'ask' ? await steps.ask(whole) : undefined };
}
