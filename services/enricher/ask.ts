import { asFault } from '../../shared/errors/policy.ts';
import type {
  Asked,
  DetectedLanguage,
  Model,
  ModelItem,
  Outcome,
  RowInput,
  SkipReason,
} from '../../shared/models/model.ts';
import type { OverBudget } from './calls/asks.ts';
import type { Lane } from './calls/lane.ts';
import { Dropped } from './dropped.ts';
import type { AskedAnswer, ItemAnswer, PayOnce, RedoWish } from './pay-once.ts';

/** There is no money to ask again: the result beside the row stands, so that there is nothing to publish. */
interface Kept {
  readonly kind: 'kept';
}

/** What became of one row that asked its model, and what it took. */
export interface AnsweredRow<Result = Readonly<Record<string, unknown>>> {
  readonly outcome:
    | Outcome<Result>
    | { readonly kind: 'skip'; readonly reason: SkipReason }
    | OverBudget
    | Kept;
  readonly attempts: number;
  readonly modelMs: number;
  /** Rows or chunks of the largest call that answered; 0: none did. */
  readonly batchRows: number;
  /** Nothing was asked and paid for it. */
  readonly cached: boolean;
}

const NOTHING_ASKED = { attempts: 0, modelMs: 0, batchRows: 0, cached: false } as const;

/** Asks a model about rows: detects the language, cuts the row into items, joins their results. */
export class RowAsking<ItemResult, Result> {
  readonly #model: Model<ItemResult, Result>;
  readonly #lane: Lane<ItemResult>;
  readonly #payOnce: PayOnce<ItemResult>;
  readonly #detector: RowAsking<DetectedLanguage, DetectedLanguage> | undefined;

  constructor(
    model: Model<ItemResult, Result>,
    lane: Lane<ItemResult>,
    payOnce: PayOnce<ItemResult>,
    detector?: RowAsking<DetectedLanguage, DetectedLanguage>,
  ) {
    this.#model = model;
    this.#lane = lane;
    this.#payOnce = payOnce;
    this.#detector = detector;
  }

  /**
   * Rejects with `Dropped` once nobody wants it any more. `redo`: the row is read again, and is paid from the purse for that.
   */
  async ask(row: RowInput, isWanted: () => boolean, redo?: RedoWish): Promise<AnsweredRow<Result>> {
    const asked = this.#asked(row);
    if (asked.kind === 'detect') return await this.#askDetected(row, isWanted, redo);
    if (asked.kind !== 'items') return { ...NOTHING_ASKED, outcome: asked };
    const { items } = asked;
    const [item] = items;
    const answers =
      item !== undefined && items.length === 1
        ? [await this.#askItem(item, isWanted, redo)] // nearly every row
        : await Promise.all(items.map((each) => this.#askItem(each, isWanted, redo)));
    return this.#joined(row, items, answers);
  }

  /** The row was answered before: its first item is one that the model accepts. */
  answeredBefore(row: RowInput): void {
    this.#lane.knows(() => {
      const asked = this.#model.itemsOf(row);
      const known = asked.kind === 'detect' ? this.#model.itemsOf({ ...row, detected: null }) : asked;
      return known.kind === 'items' ? known.items[0] : undefined;
    });
  }

  async #askDetected(
    row: RowInput,
    isWanted: () => boolean,
    redo: RedoWish | undefined,
  ): Promise<AnsweredRow<Result>> {
    if (row.detected !== undefined || this.#detector === undefined) {
      throw new RangeError('a detected language asks to be detected again');
    }
    const detection = await this.#detector.ask(row, isWanted, redo);
    const found = detection.outcome;
    if (found.kind === 'over_budget') return { ...detection, outcome: found };
    const detected = found.kind === 'ok' ? found.result.language : null;
    const answered = await this.ask({ ...row, detected }, isWanted, redo);
    const modelMs = answered.modelMs + detection.modelMs;
    if (answered.outcome.kind !== 'ok' || found.kind !== 'ok') return { ...answered, modelMs };
    const costNanoUsd = answered.outcome.costNanoUsd + found.costNanoUsd;
    const cached = answered.cached && detection.cached;
    return { ...answered, modelMs, cached, outcome: { ...answered.outcome, costNanoUsd } };
  }

  #asked(row: RowInput): Asked | Extract<Outcome<Result>, { kind: 'rejected' }> {
    try {
      return this.#model.itemsOf(row);
    } catch (error) {
      const fault = asFault(error);
      if (fault.kind !== 'input') throw error;
      return { kind: 'rejected', fault };
    }
  }

  async #askItem(
    item: ModelItem,
    isWanted: () => boolean,
    redo: RedoWish | undefined,
  ): Promise<ItemAnswer<ItemResult>> {
    for (;;) {
      let isOwnCall = false;
      const kept = this.#model.isPaidPerCall ? Promise.withResolvers<void>() : undefined;
      const call = (asked: ModelItem): Promise<AskedAnswer<ItemResult>> => {
        isOwnCall = true;
        return this.#call(asked, isWanted, kept?.promise, redo);
      };
      try {
        const answer = await this.#payOnce.answer(item, call, redo);
        if (answer.cached) this.#lane.knows(() => item);
        return answer;
      } catch (error) {
        // It may have joined an equal request of a row that nobody wants any more: then it asks itself.
        if (isOwnCall || !isWanted() || !(error instanceof Dropped)) throw error;
      } finally {
        kept?.resolve();
      }
    }
  }

  #call(
    item: ModelItem,
    isWanted: () => boolean,
    kept: Promise<void> | undefined,
    redo: RedoWish | undefined,
  ): Promise<AskedAnswer<ItemResult>> {
    return new Promise((resolve, reject) => {
      const isRedo = redo !== undefined;
      this.#lane.ask({ item, kept, isRedo, isWanted, answered: resolve, failed: reject });
    });
  }

  #joined(
    row: RowInput,
    items: readonly ModelItem[],
    answers: readonly ItemAnswer<ItemResult>[],
  ): AnsweredRow<Result> {
    const results: ItemResult[] = [];
    let attempts = 0;
    let modelMs = 0;
    let batchRows = 0;
    let costNanoUsd = 0;
    let refusal: Exclude<Outcome<ItemResult> | OverBudget, { kind: 'ok' }> | undefined;
    for (const answer of answers) {
      attempts = Math.max(attempts, answer.attempts);
      modelMs += answer.modelMs;
      batchRows = Math.max(batchRows, answer.batchRows);
      if (answer.outcome.kind !== 'ok') refusal ??= answer.outcome;
      else {
        results.push(answer.outcome.result);
        costNanoUsd += answer.outcome.costNanoUsd;
      }
    }
    // One refused part refuses the row: a text of which a part is missing would be found for what it does not say.
    if (refusal !== undefined) return { outcome: refusal, attempts, modelMs, batchRows, cached: false };
    const result = this.#model.resultOf(row, items, results);
    const cached = answers.every((answer) => answer.cached);
    return { outcome: { kind: 'ok', result, costNanoUsd }, attempts, modelMs, batchRows, cached };
  }
}
