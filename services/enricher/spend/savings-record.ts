import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { type Account, addSavings, type Savings } from '../../../shared/side-tables/ledger.ts';
import type { PayOnceObserver } from '../pay-once.ts';

const WRITE_INTERVAL_MS = 5_000;
const NOTHING: Savings = {
  cachedRequests: 0,
  cachedNanoUsd: 0,
  unchangedRows: 0,
  unchangedNanoUsd: 0,
  filteredRows: 0,
};

/** What did not have to be paid for, on its way to the ledger. No money: what a process that dies had not written is not missed. */
export class SavingsRecord implements PayOnceObserver {
  readonly #database: Queryable;
  readonly #account: Account;
  readonly #observer: PayOnceObserver;
  #savings = NOTHING;

  constructor(database: Queryable, account: Account, observer: PayOnceObserver) {
    this.#database = database;
    this.#account = account;
    this.#observer = observer;
  }

  readonly found: PayOnceObserver['found'] = (layer, savedNanoUsd) => {
    const { cachedRequests, cachedNanoUsd, unchangedRows, unchangedNanoUsd } = this.#savings;
    this.#savings =
      layer === 'stored'
        ? {
            ...this.#savings,
            unchangedRows: unchangedRows + 1,
            unchangedNanoUsd: unchangedNanoUsd + savedNanoUsd,
          }
        : {
            ...this.#savings,
            cachedRequests: cachedRequests + 1,
            cachedNanoUsd: cachedNanoUsd + savedNanoUsd,
          };
    this.#observer.found(layer, savedNanoUsd);
  };

  readonly missed = (): void => this.#observer.missed();

  /** `when` left them out. */
  filtered(rows: number): void {
    this.#savings = { ...this.#savings, filteredRows: this.#savings.filteredRows + rows };
  }

  /** Now and then, and once more when `ended` aborts. Never rejects. */
  async keep(ended: AbortSignal): Promise<void> {
    while (await pause(WRITE_INTERVAL_MS, ended)) await this.#write();
    await this.#write();
  }

  async #write(): Promise<void> {
    const savings = this.#savings;
    if (Object.values(savings).every((each) => each === 0)) return;
    this.#savings = NOTHING;
    await addSavings(this.#database, this.#account, savings).catch(() => this.#again(savings));
  }

  #again(savings: Savings): void {
    const now = this.#savings;
    this.#savings = {
      cachedRequests: now.cachedRequests + savings.cachedRequests,
      cachedNanoUsd: now.cachedNanoUsd + savings.cachedNanoUsd,
      unchangedRows: now.unchangedRows + savings.unchangedRows,
      unchangedNanoUsd: now.unchangedNanoUsd + savings.unchangedNanoUsd,
      filteredRows: now.filteredRows + savings.filteredRows,
    };
  }
}
