import { Gathering } from '../../shared/batching/gathering.ts';
import type { RowKey } from '../../shared/contracts/events.ts';
import type { Model, RowInput } from '../../shared/models/model.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import { isTransient } from '../../shared/postgres/transient.ts';
import type { EnrichmentTables } from '../../shared/side-tables/enrichment-tables.ts';
import {
  readScoredInputs,
  type ScoredInput,
  scoredInputsStatement,
} from '../../shared/side-tables/scored-inputs.ts';
import {
  type ResultWanted,
  readStoredResults,
  type StoredResult,
  storedResultsStatement,
} from '../../shared/side-tables/stored-results.ts';
import { untilAnswered, type WaitObserver } from './database-wait.ts';
import type { PayOnceObserver } from './pay-once.ts';

export interface StoredResultsSettings<ItemResult, Result> {
  readonly database: Queryable;
  readonly tables: EnrichmentTables;
  readonly model: Pick<Model<ItemResult, Result>, 'itemsOf' | 'resultOf' | 'isPaidPerCall'>;
  /** With the same model, parameters and outputs. */
  readonly revisions: readonly number[];
  readonly observer: WaitObserver & PayOnceObserver;
  readonly stopping: AbortSignal;
}

const AT_ONCE_MAX = 500;

/**
 * What the side tables hold of a row already: a change that leaves the input alone, and a new threshold, call nothing. That a
 * result was written for an older change does not matter, since it depends on the input only.
 */
export class StoredResults<ItemResult, Result> {
  readonly #settings: StoredResultsSettings<ItemResult, Result>;
  readonly #reads: Gathering<ResultWanted, StoredResult | undefined>;
  readonly #inputReads: Gathering<RowKey, ScoredInput | undefined>;

  constructor(settings: StoredResultsSettings<ItemResult, Result>) {
    const { database, tables, revisions, model, observer, stopping } = settings;
    this.#settings = settings;
    const statement = storedResultsStatement(tables);
    this.#reads = new Gathering((wanted) => {
      const read = () => readStoredResults(database, tables, statement, wanted, revisions);
      // A call that is paid anyway costs less than waiting.
      return model.isPaidPerCall ? untilAnswered(observer, stopping, read) : unlessAway(wanted, read);
    }, AT_ONCE_MAX);
    const inputs = scoredInputsStatement(tables);
    this.#inputReads = new Gathering(
      (keys) => untilAnswered(observer, stopping, () => readScoredInputs(database, tables, inputs, keys)),
      AT_ONCE_MAX,
    );
  }

  /** What the row's result was made from, when it has one. */
  async scoredInput(key: RowKey): Promise<ScoredInput | undefined> {
    return await this.#inputReads.ask(key);
  }

  /** The row's result, when its input was answered before by the same model. */
  async lookUp(key: RowKey, row: RowInput, inputHash: string): Promise<Result | undefined> {
    const stored = await this.#reads.ask({ key, inputHash });
    const result = stored === undefined ? undefined : this.#resultOf(row, stored);
    if (result !== undefined) this.#settings.observer.found('stored', stored?.costNanoUsd ?? 0);
    return result;
  }

  #resultOf(row: RowInput, { results }: StoredResult): Result | undefined {
    const { itemsOf, resultOf } = this.#settings.model;
    let known = row;
    let asked = itemsOf(known);
    if (asked.kind === 'detect') {
      const language = results[0]?.language;
      known = { ...row, detected: typeof language === 'string' ? language : null };
      asked = itemsOf(known);
    }
    if (asked.kind !== 'items' || asked.items.length !== results.length) return undefined;
    // What a kind's outputs are, its items' results hold.
    return resultOf(known, asked.items, results as readonly unknown[] as readonly ItemResult[]);
  }
}

async function unlessAway(
  wanted: readonly ResultWanted[],
  read: () => Promise<readonly (StoredResult | undefined)[]>,
): Promise<readonly (StoredResult | undefined)[]> {
  try {
    return await read();
  } catch (error) {
    if (!isTransient(error)) throw error;
    return wanted.map(() => undefined);
  }
}
