import type { ModelItem, Outcome } from '../../../shared/models/model.ts';
import { Dropped } from '../dropped.ts';

/** The day's money does not reach for it. */
export interface OverBudget {
  readonly kind: 'over_budget';
  /** The setting of the definition. */
  readonly limit: string;
  readonly resetsAt: string;
}

/** The outcome of one item, and what it took. */
export interface Answered<ItemResult> {
  readonly outcome: Outcome<ItemResult> | OverBudget;
  /** Calls made with this item in them; throttled ones are not counted. */
  readonly attempts: number;
  /** Duration of the call that answered. */
  readonly modelMs: number;
  /** Items in that call. */
  readonly batchRows: number;
}

export interface Ask<ItemResult> {
  readonly item: ModelItem;
  /** Resolves once an answer that was paid for is safe; until then its call counts as under way. */
  readonly kept?: Promise<void> | undefined;
  /** Paid from the purse of what is read again. */
  readonly isRedo?: boolean;
  /** False once nobody waits for it any more. */
  isWanted(): boolean;
  /** Either this or `failed` is called, once. */
  answered(answer: Answered<ItemResult>): void;
  /** `Dropped` when it is not asked any more; otherwise what nobody named. */
  failed(error: unknown): void;
}

/** An ask under way. */
export interface OpenAsk<ItemResult> {
  readonly ask: Ask<ItemResult>;
  attempts: number;
  /** Calls that had begun when one with this item in it was first refused. */
  refusedAtCall: number | undefined;
}

/** Without those that nobody waits for any more. */
export function wanted<ItemResult>(open: readonly OpenAsk<ItemResult>[]): readonly OpenAsk<ItemResult>[] {
  if (open.every(({ ask }) => ask.isWanted())) return open;
  return open.filter(({ ask }) => {
    if (ask.isWanted()) return true;
    ask.failed(new Dropped());
    return false;
  });
}
