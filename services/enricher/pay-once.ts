import type { Model, ModelItem, Outcome } from '../../shared/models/model.ts';
import { type RequestHash, requestHash } from '../../shared/models/request-hash.ts';
import type { CachedRequest, RequestToCache } from '../../shared/side-tables/request-cache.ts';
import { AnswerMemory } from './answer-memory.ts';
import type { OverBudget } from './calls/asks.ts';

/** The outcome of one item, and what it took. */
export interface AskedAnswer<ItemResult> {
  readonly outcome: Outcome<ItemResult> | OverBudget;
  readonly attempts: number;
  readonly modelMs: number;
  /** Items in the call that answered. */
  readonly batchRows: number;
}

/** Of a row that is read again. */
export interface RedoWish {
  /** A refresh asks again although nothing changed, once for each period. */
  readonly period?: string;
}

export interface ItemAnswer<ItemResult> extends AskedAnswer<ItemResult> {
  /** Somebody else paid for it: costs nothing, took no attempt. */
  readonly cached: boolean;
}

export interface FoundRequest extends CachedRequest {
  readonly layer: 'valkey' | 'shared';
}

/** What all processes know of requests that are paid by the call. */
export interface SharedRequests {
  read(requestHash: string): Promise<FoundRequest | undefined>;
  /** Durable when it resolves. */
  store(request: RequestToCache): Promise<void>;
}

/** Where an answer was found that nothing was paid for. */
export type CacheLayer = 'memory' | 'in_flight' | FoundRequest['layer'];

export interface PayOnceObserver {
  /** `savedNanoUsd`: what the answer cost whoever paid for it. */
  found(layer: CacheLayer | 'stored', savedNanoUsd: number): void;
  missed(): void;
}

const NO_CALL = { attempts: 0, modelMs: 0, batchRows: 0 } as const;

/** Models that are paid by the hour answer with a few numbers. */
const UNSHARED_BYTES = 100;

/**
 * Asks a model once for equal requests: what was answered lately is in memory, what is under way is joined, what any
 * process ever paid for is in the shared cache. An answer that is paid by the call is durable there before it is given out, so
 * that a process which dies on its way to Kafka costs nothing. A refused item is not remembered.
 */
export class PayOnce<ItemResult> {
  readonly #hash: RequestHash;
  readonly #shared: SharedRequests | undefined;
  readonly #observer: PayOnceObserver;
  readonly #memory = new AnswerMemory<ItemResult>();
  readonly #underWay = new Map<string, Promise<ItemAnswer<ItemResult>>>();

  /** Item results must be what their JSON parses to. `shared`: for models that are paid by the call. */
  constructor(
    model: Pick<Model<ItemResult>, 'id' | 'parameters' | 'requestText'>,
    shared: SharedRequests | undefined,
    observer: PayOnceObserver,
  ) {
    this.#hash = requestHash(model);
    this.#shared = shared;
    this.#observer = observer;
  }

  /** `redo`: the row is read again, and is paid from the purse for that. */
  answer(
    item: ModelItem,
    ask: (item: ModelItem) => Promise<AskedAnswer<ItemResult>>,
    redo?: RedoWish,
  ): Promise<ItemAnswer<ItemResult>> {
    const hash = this.#hash(item, redo?.period);
    const remembered = this.#memory.get(hash);
    if (remembered !== undefined) {
      return Promise.resolve(this.#cached('memory', remembered.result, remembered.costNanoUsd));
    }
    // Whoever waits for the money of one purse is not to be waited for by those of the other.
    const place = redo === undefined || this.#shared === undefined ? hash : `redo ${hash}`;
    const underWay = this.#underWay.get(place);
    if (underWay !== undefined) return underWay.then((answer) => this.#joined(answer));
    const answering = this.#find(hash, place, item, ask);
    this.#underWay.set(place, answering);
    return answering;
  }

  async #find(
    hash: string,
    place: string,
    item: ModelItem,
    ask: (item: ModelItem) => Promise<AskedAnswer<ItemResult>>,
  ): Promise<ItemAnswer<ItemResult>> {
    try {
      const paid = await this.#shared?.read(hash);
      if (paid !== undefined) return this.#paidBefore(hash, paid);
      this.#observer.missed();
      const { outcome, attempts, modelMs, batchRows } = await ask(item);
      if (outcome.kind === 'over_budget') {
        // Whoever had the row before a rebalance may have paid for it meanwhile.
        const paidMeanwhile = await this.#shared?.read(hash);
        if (paidMeanwhile !== undefined) return this.#paidBefore(hash, paidMeanwhile);
      }
      if (outcome.kind === 'ok') {
        const { result, costNanoUsd } = outcome;
        const bytes =
          this.#shared === undefined
            ? UNSHARED_BYTES
            : await storeIn(this.#shared, hash, result, costNanoUsd);
        this.#memory.set(hash, { result, costNanoUsd, bytes });
      }
      return { outcome, attempts, modelMs, batchRows, cached: false };
    } finally {
      this.#underWay.delete(place);
    }
  }

  #paidBefore(hash: string, { result: json, costNanoUsd, layer }: FoundRequest): ItemAnswer<ItemResult> {
    const result = JSON.parse(json) as ItemResult;
    this.#memory.set(hash, { result, costNanoUsd, bytes: json.length });
    return this.#cached(layer, result, costNanoUsd);
  }

  #joined(answer: ItemAnswer<ItemResult>): ItemAnswer<ItemResult> {
    const { outcome } = answer;
    // A refusal is everybody's own.
    return outcome.kind === 'ok' ? this.#cached('in_flight', outcome.result, outcome.costNanoUsd) : answer;
  }

  #cached(layer: CacheLayer, result: ItemResult, savedNanoUsd: number): ItemAnswer<ItemResult> {
    this.#observer.found(layer, savedNanoUsd);
    return { outcome: { kind: 'ok', result, costNanoUsd: 0 }, ...NO_CALL, cached: true };
  }
}

/** Returns how large the result is, roughly. */
async function storeIn(
  shared: SharedRequests,
  requestHash: string,
  result: unknown,
  costNanoUsd: number,
): Promise<number> {
  const json = JSON.stringify(result);
  await shared.store({ requestHash, result: json, costNanoUsd });
  return json.length;
}
