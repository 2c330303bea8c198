import { asFault, type Fault, POLICY } from '../../shared/errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../shared/lifecycle/backoff.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { Model, ModelItem, Outcome } from '../../shared/models/model.ts';

/** The outcome of one item, and what it took. */
export interface Answered {
  readonly outcome: Outcome<Readonly<Record<string, unknown>>>;
  /** Calls made with this item in them; throttled ones are not counted. */
  readonly attempts: number;
  /** Duration of the call that answered. */
  readonly modelMs: number;
}

/** What the caller wants to hear of a call, for metrics, logs and health. */
export interface CallObserver {
  called(rows: number, durationMs: number): void;
  failed(fault: Fault, rows: number): void;
  /** The model cannot be used until someone mends the set-up, or does not answer; undefined: it answers again. */
  paused(fault: Fault | undefined): void;
}

const AGAIN: BackoffLimits = { firstMs: 100, maxMs: 5_000 };
/** A wrong set-up is mended by people: asking more often would only fill a log somewhere. */
const SET_UP_CANARY_INTERVAL_MS = 60_000;

/**
 * Calls a model until every item has its outcome, as the one table of faults says: waits while the model is throttled,
 * away or not set up, halves a refused batch until the refused row stands alone. Rejects when `signal` aborts and for
 * what nobody named.
 */
export async function callUntilAnswered(
  model: Model,
  items: readonly ModelItem[],
  observer: CallObserver,
  signal: AbortSignal,
  random: () => number = Math.random,
): Promise<readonly Answered[]> {
  if (items.length === 0) return [];
  let attempts = 0;
  let failures = 0;
  let paused = false;
  for (;;) {
    signal.throwIfAborted();
    const startedAtMs = performance.now();
    try {
      const outcomes = await model.call(items, signal);
      const modelMs = performance.now() - startedAtMs;
      observer.called(items.length, modelMs);
      if (paused) observer.paused(undefined);
      return outcomes.map((outcome) => ({ outcome, attempts: attempts + 1, modelMs }));
    } catch (error) {
      if (signal.aborted) throw error;
      const fault = asFault(error);
      observer.failed(fault, items.length);
      const { action } = POLICY[fault.kind];
      if (action === 'bisect' || action === 'fail_item') {
        return await bisect(model, items, fault, attempts + 1, observer, signal, random);
      }
      if (action !== 'retry' && action !== 'pause' && action !== 'stop') throw fault;
      if (action !== 'retry') {
        attempts++;
        paused = true;
        observer.paused(fault);
      }
      await pause(
        action === 'stop' ? SET_UP_CANARY_INTERVAL_MS : backoffMs(failures++, AGAIN, random),
        signal,
      );
    }
  }
}

async function bisect(
  model: Model,
  items: readonly ModelItem[],
  fault: Fault,
  attempts: number,
  observer: CallObserver,
  signal: AbortSignal,
  random: () => number,
): Promise<readonly Answered[]> {
  if (items.length === 1) return [{ outcome: { kind: 'rejected', fault }, attempts, modelMs: 0 }];
  const middle = Math.ceil(items.length / 2);
  const first = await callUntilAnswered(model, items.slice(0, middle), observer, signal, random);
  const second = await callUntilAnswered(model, items.slice(middle), observer, signal, random);
  return [...first, ...second].map((answered) => ({ ...answered, attempts: answered.attempts + attempts }));
}
