import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { RowInput } from '../../shared/models/model.ts';
import type { AnsweredRow } from './ask.ts';
import type { Prepared } from './prepare.ts';

/** Every record of a batch with all that its outcome needs. */
export interface Settled {
  readonly records: readonly FetchedRecord[];
  readonly rows: readonly SettledRow[];
}

export interface SettledRow {
  readonly prepared: Prepared;
  /** Only for those that asked the model. */
  readonly answered: AnsweredRow | undefined;
}

/** How many calls are under way; the batcher looks at it to know whether the model is idle. */
export class CallWindow {
  readonly callsMax: number;
  inFlight = 0;

  constructor(callsMax: number) {
    this.callsMax = callsMax;
  }
}

/**
 * Batches in, settled batches out, in their order: as many calls at once as the window allows, while the order of every
 * key, and a truncate between rows, stays that of the topic.
 */
export async function* settle(
  batches: AsyncIterable<readonly FetchedRecord[]>,
  prepare: (record: FetchedRecord) => Prepared,
  ask: (rows: readonly RowInput[]) => Promise<readonly AnsweredRow[]>,
  window: CallWindow,
): AsyncGenerator<Settled, void, void> {
  const source = batches[Symbol.asyncIterator]();
  const inFlight: Promise<Settled>[] = [];
  let pulled: Promise<IteratorResult<readonly FetchedRecord[]>> | undefined;
  try {
    for (;;) {
      if (inFlight.length < window.callsMax) pulled ??= source.next();
      const [oldest] = inFlight;
      // Whichever is first: a batch to begin, or the oldest one done.
      const batch = await Promise.race(
        [pulled, oldest?.then(() => undefined)].filter((promise) => promise !== undefined),
      );
      if (batch === undefined) {
        inFlight.shift();
        window.inFlight = inFlight.length;
        if (oldest !== undefined) yield await oldest;
        continue;
      }
      pulled = undefined;
      if (batch.done === true) break;
      const settling = settleBatch(batch.value.map(prepare), ask);
      // Its error is thrown where it is awaited; without this it would end the process before that.
      settling.catch(() => {});
      inFlight.push(settling);
      window.inFlight = inFlight.length;
    }
    for (const settling of inFlight) yield await settling;
  } finally {
    // Whoever ends this early ends the calls too; none of them may outlive the model's connections.
    await Promise.allSettled(inFlight);
  }
}

async function settleBatch(
  prepared: readonly Prepared[],
  ask: (rows: readonly RowInput[]) => Promise<readonly AnsweredRow[]>,
): Promise<Settled> {
  const asking = prepared.flatMap((each) => (each.kind === 'ask' ? [each.row] : []));
  const answers = asking.length === 0 ? [] : await ask(asking);
  if (answers.length !== asking.length) throw new RangeError('the model answered another number of items');
  let next = 0;
  return {
    records: prepared.map(({ record }) => record),
    rows: prepared.map((row) => ({
      prepared: row,
      answered: row.kind === 'ask' ? answers[next++] : undefined,
    })),
  };
}
