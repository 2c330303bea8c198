import type { Fault } from '../errors/policy.ts';

/** What one row asks of a model. Only declared columns are in it: nothing else ever leaves. */
export interface ModelItem {
  /** Tabular kinds: the features, in the definition's order. Text kinds: one text. */
  readonly input: readonly number[] | string;
  /** Text kinds that need it. */
  readonly language?: string;
}

/** Exactly one per item, in the items' order. */
export type Outcome<Result> =
  | { readonly kind: 'ok'; readonly result: Result; readonly costNanoUsd: number }
  | { readonly kind: 'rejected'; readonly fault: Fault };

export interface BatchLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** How long the first row of a batch may wait for company while calls are in flight. */
  readonly waitMaxMs: number;
}

export interface ModelId {
  readonly kind: string;
  readonly name: string;
  readonly version: string;
}

/** A model behind a network: one call is one attempt. Retry, breaker and bisect are wrapped around it. */
export interface Model<Result = Readonly<Record<string, unknown>>> {
  readonly id: ModelId;
  readonly limits: BatchLimits;
  /**
   * N items in, N outcomes out, same order: an answer whose alignment is in doubt is a `contract` fault, never guessed.
   * Rejects, always with a Fault, when it knows nothing about any single item. An abort of `signal` rejects too.
   */
  call(items: readonly ModelItem[], signal: AbortSignal): Promise<readonly Outcome<Result>[]>;
}
