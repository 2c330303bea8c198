import { asFault, type Fault, POLICY } from '../../shared/errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../shared/lifecycle/backoff.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { Model, ModelItem, Outcome } from '../../shared/models/model.ts';

/** The outcome of one item, and what it took. */
export interface Answered<ItemResult> {
  readonly outcome: Outcome<ItemResult>;
  /** Calls made with this item in them; throttled ones are not counted. */
  readonly attempts: number;
  /** Duration of the call that answered. */
  readonly modelMs: number;
}

/** What the caller wants to hear of a call, for metrics, logs and health. */
export interface CallObserver {
  called(rows: number, durationMs: number): void;
  failed(fault: Fault, rows: number): void;
  /** A call waits, because the model does not answer or is not set up. `resumed` follows, however the waiting ends. */
  paused(fault: Fault): void;
  resumed(): void;
}

/** The two ways in which a call ends before its answer. */
export interface CallSignals {
  /** No more waiting and no more attempts: what is under way may still finish. */
  readonly stopping: AbortSignal;
  /** At once. */
  readonly aborting: AbortSignal;
}

const AGAIN: BackoffLimits = { firstMs: 100, maxMs: 5_000 };
/** A wrong set-up is mended by people: asking more often would only fill a log somewhere. */
const SET_UP_CANARY_INTERVAL_MS = 60_000;

/**
 * Calls a model until every item has its outcome, as the one table of faults says: waits while the model is throttled,
 * away or not set up, halves a refused batch until the refused row stands alone. Rejects when it is told to end and for
 * what nobody named.
 */
export async function callUntilAnswered<ItemResult>(
  model: Pick<Model<ItemResult, unknown>, 'call'>,
  items: readonly ModelItem[],
  observer: CallObserver,
  signals: CallSignals,
  random: () => number = Math.random,
): Promise<readonly Answered<ItemResult>[]> {
  if (items.length === 0) return [];
  let attempts = 0;
  let failures = 0;
  let isPaused = false;
  try {
    for (;;) {
      signals.aborting.throwIfAborted();
      const startedAtMs = performance.now();
      try {
        const outcomes = await model.call(items, signals.aborting);
        const modelMs = performance.now() - startedAtMs;
        observer.called(items.length, modelMs);
        return outcomes.map((outcome) => ({ outcome, attempts: attempts + 1, modelMs }));
      } catch (error) {
        if (signals.aborting.aborted) throw error;
        const fault = asFault(error);
        observer.failed(fault, items.length);
        const { action } = POLICY[fault.kind];
        if (action === 'bisect' || action === 'fail_item') {
          if (items.length === 1) {
            return [{ outcome: { kind: 'rejected', fault }, attempts: attempts + 1, modelMs: 0 }];
          }
          break;
        }
        if (action !== 'retry' && action !== 'pause' && action !== 'stop') throw fault;
        if (action !== 'retry') {
          attempts++;
          if (!isPaused) observer.paused(fault);
          isPaused = true;
        }
        const waitMs = action === 'stop' ? SET_UP_CANARY_INTERVAL_MS : backoffMs(failures++, AGAIN, random);
        if (!(await pause(waitMs, signals.stopping))) throw fault;
      }
    }
  } finally {
    // A refusal is an answer too: the model is there.
    if (isPaused) observer.resumed();
  }
  const halves = await inHalves(items, (half) => callUntilAnswered(model, half, observer, signals, random));
  return halves.map((answered) => ({ ...answered, attempts: answered.attempts + attempts + 1 }));
}

async function inHalves<Item, Result>(
  items: readonly Item[],
  work: (half: readonly Item[]) => Promise<readonly Result[]>,
): Promise<readonly Result[]> {
  const middle = Math.ceil(items.length / 2);
  const first = await work(items.slice(0, middle));
  return [...first, ...(await work(items.slice(middle)))];
}
