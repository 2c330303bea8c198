import type { Fault } from '../errors/policy.ts';

/** What a row's expressions gave: before cutting, chunking and detection. */
export interface RowInput {
  /** Tabular kinds: the features, in the definition's order. Text kinds: one text. */
  readonly input: readonly number[] | string;
  /** Text of the language column, as the row has it; absent when there is no such column or it holds nothing. */
  readonly language?: string;
  /** What the kind's detector answered for this row; null: it cannot tell. Absent: it was not asked. */
  readonly detected?: string | null;
}

/**
 * What one request carries for one row, or for one chunk of it: what is hashed, cached, paid and aligned. Only declared
 * columns are in it: nothing else ever leaves.
 */
export interface ModelItem {
  readonly input: readonly number[] | string;
  /** Kinds that need it: a code the service takes. */
  readonly language?: string;
  /** Chunked kinds: where it lies in the row's text, [start, end) in code points. Never sent. */
  readonly span?: { readonly start: number; readonly end: number };
}

export type SkipReason = 'empty_input' | 'unsupported_language';

/** What a row asks of its model. */
export type Asked =
  /** In the row's order; several when a text is chunked. */
  | { readonly kind: 'items'; readonly items: readonly ModelItem[] }
  | { readonly kind: 'skip'; readonly reason: SkipReason }
  /** Ask the detector, then ask again with its answer as `detected`. */
  | { readonly kind: 'detect' };

/** Exactly one per item, in the items' order. */
export type Outcome<Result> =
  | { readonly kind: 'ok'; readonly result: Result; readonly costNanoUsd: number }
  | {
      readonly kind: 'rejected';
      readonly fault: Fault;
      /** Asked once more, alone, it may pass: only a second refusal is final. */
      readonly isWorthOneRetry?: true;
      /** Its part of the call, where that is billed however it ends. */
      readonly costNanoUsd?: number;
    };

export interface BatchLimits {
  /** Items in one call. */
  readonly rowsMax: number;
  /** Of the items, as `bytesOf` counts them. */
  readonly bytesMax: number;
  /** How long the first item of a batch may wait for company while calls are in flight. */
  readonly waitMaxMs: number;
}

export interface ModelId {
  readonly kind: string;
  readonly name: string;
  readonly version: string;
}

/** A model behind a network: one call is one attempt. Rate, breaker, retry, bisect and cache are wrapped around it. */
export interface Model<ItemResult = unknown, Result = Readonly<Record<string, unknown>>> {
  readonly id: ModelId;
  /** What else of the definition an item's result depends on: hashed beside id and request text. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly limits: BatchLimits;
  /** Such results are durable in the cache before their event goes out. */
  readonly isPaidPerCall: boolean;
  /** The most that one call with these items costs: reserved before it goes out, since most prices are known only after it. */
  boundNanoUsd(items: readonly ModelItem[]): number;
  /** What it is likely to cost, where the bound is far above that. */
  likelyNanoUsd?(items: readonly ModelItem[]): number;
  /** Pure. Throws an `input` fault for a row that no request can be made of. */
  itemsOf(row: RowInput): Asked;
  /** Items of different groups never share a call. */
  groupOf(item: ModelItem): string;
  bytesOf(item: ModelItem): number;
  /** Exactly what would be sent of the item; two items with the same text, id and parameters share one result. */
  requestText(item: ModelItem): string;
  /**
   * N items of one group in, N outcomes out, same order: an answer whose alignment is in doubt is a `contract` fault,
   * never guessed. Rejects, always with a Fault, when it knows nothing about any single item; an abort of `signal` rejects too.
   */
  call(items: readonly ModelItem[], signal: AbortSignal): Promise<readonly Outcome<ItemResult>[]>;
  /** Pure: what the row's event holds, of its items and their results in order. */
  resultOf(row: RowInput, items: readonly ModelItem[], results: readonly ItemResult[]): Result;
  /** A model of its own that tells the language of a row: own limits, quota and cache. Its `itemsOf` never asks to detect. */
  readonly detector?: Model<DetectedLanguage, DetectedLanguage>;
}

export interface DetectedLanguage {
  /** null: it cannot tell. */
  readonly language: string | null;
}
