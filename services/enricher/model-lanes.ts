import type { BatchLimits, DetectedLanguage, Model, RowInput } from '../../shared/models/model.ts';
import { type AnsweredRow, RowAsking } from './ask.ts';
import type { CallObserver } from './calls/answering.ts';
import { Lane, type LaneOptions } from './calls/lane.ts';
import { PayOnce, type PayOnceObserver, type RedoWish, type SharedRequests } from './pay-once.ts';
import type { Spending } from './spend/spending.ts';

export interface ModelLanesOptions {
  /** The quota that the definition names: calls per second of each model, of all processes together. */
  readonly callsPerSecond: number | undefined;
  /** One for each lane: the model and its detector. */
  readonly observer: (lane: 'model' | 'detector') => CallObserver;
  readonly payOnce: PayOnceObserver;
  readonly spending: Pick<Spending, 'funding'>;
  /** For models that are paid by the call. */
  readonly shared: SharedRequests;
}

/** More calls than this at once are more than one process can read answers of. */
export const CALLS_MAX = 64;
/** Calls that are under way hold rows back from being published: together they hold no more than this. */
const ROWS_CALLED_MAX = 1_000;

/** So many calls at once as fill the window with full batches, and at least as many as hide the way to the model. */
export function callsMaxOf({ rowsMax }: Pick<BatchLimits, 'rowsMax'>): number {
  return Math.min(CALLS_MAX, Math.max(4, Math.floor(ROWS_CALLED_MAX / rowsMax)));
}

/** Two look-ups or publications of the most rows: with less they go half empty, and each costs the processor as much. */
const ROWS_IN_FLIGHT_MIN = 1_000;

/** Twice what calls can hold: while one half is asked about, the other is prepared and published. More would only take memory. */
export function rowsInFlightMaxOf({ rowsMax }: Pick<BatchLimits, 'rowsMax'>): number {
  const rowsCalled = Math.min(ROWS_CALLED_MAX, callsMaxOf({ rowsMax }) * rowsMax);
  return Math.max(ROWS_IN_FLIGHT_MIN, 2 * rowsCalled);
}

/** A model and, where it has one, its detector: each with its own limits, quota and memory of what was paid. */
export class ModelLanes {
  readonly #lanes: readonly Pick<Lane<unknown>, 'setShare' | 'stop' | 'abort' | 'inFlight' | 'limit'>[];
  readonly #asking: RowAsking<unknown, Readonly<Record<string, unknown>>>;

  constructor(model: Model, options: ModelLanesOptions) {
    const { detector } = model;
    const main = new Lane(model, laneOptions('model', model, options));
    if (detector === undefined) {
      this.#lanes = [main];
      this.#asking = new RowAsking(model, main, payOnce(model, options));
    } else {
      const detecting = new Lane(detector, laneOptions('detector', detector, options));
      const detection = new RowAsking<DetectedLanguage, DetectedLanguage>(
        detector,
        detecting,
        payOnce(detector, options),
      );
      this.#lanes = [main, detecting];
      this.#asking = new RowAsking(model, main, payOnce(model, options), detection);
    }
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.inFlight, 0);
  }

  /** Rejects with `Dropped` once nobody wants the row any more. */
  ask(row: RowInput, isWanted: () => boolean, redo?: RedoWish): Promise<AnsweredRow> {
    return this.#asking.ask(row, isWanted, redo);
  }

  answeredBefore(row: RowInput): void {
    this.#asking.answeredBefore(row);
  }

  setShare(share: number): void {
    for (const lane of this.#lanes) lane.setShare(share);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }

  abort(): void {
    for (const lane of this.#lanes) lane.abort();
  }
}

function laneOptions<ItemResult>(
  lane: 'model' | 'detector',
  model: Pick<Model<ItemResult>, 'limits' | 'isPaidPerCall' | 'boundNanoUsd'>,
  { callsPerSecond, observer, spending }: ModelLanesOptions,
): LaneOptions<ItemResult> {
  return {
    callsMax: callsMaxOf(model.limits),
    callsPerSecond,
    observer: observer(lane),
    ...(model.isPaidPerCall ? { funding: spending.funding<ItemResult>(model) } : {}),
  };
}

function payOnce<ItemResult>(
  model: Pick<Model<ItemResult>, 'id' | 'parameters' | 'requestText' | 'isPaidPerCall'>,
  { shared, payOnce: observer }: ModelLanesOptions,
): PayOnce<ItemResult> {
  return new PayOnce<ItemResult>(model, model.isPaidPerCall ? shared : undefined, observer);
}
