import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { renewLeases, settleLease } from '../../../shared/side-tables/ledger.ts';
import { untilAnswered, type WaitObserver } from '../database-wait.ts';
import type { OpenLease } from './open-lease.ts';

/** A process that dies is missed after so long; its leases count as spent from then on. */
export const KEPT_MS = 15_000;
const RENEW_INTERVAL_MS = KEPT_MS / 3;
/** At the end what was spent is still to be said; what is not said by then counts as spent. */
const SETTLE_MAX_MS = 5_000;

/** Keeps leases alive while calls are under way on them, and says what was spent once they have ended. */
export class LeaseKeeper implements AsyncDisposable {
  readonly #database: Queryable;
  readonly #observer: WaitObserver;
  readonly #unsettled = new Set<OpenLease>();
  readonly #settling = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  readonly #renewing: Promise<void>;

  constructor(database: Queryable, observer: WaitObserver) {
    this.#database = database;
    this.#observer = observer;
    this.#renewing = this.#renew();
  }

  taken(lease: OpenLease): void {
    this.#unsettled.add(lease);
  }

  /** Something has ended: if that was all, the rest goes back at once. */
  ended(lease: OpenLease): void {
    if (!lease.isSettled || !this.#unsettled.delete(lease)) return;
    const settling = this.#settle(lease).finally(() => this.#settling.delete(settling));
    this.#settling.add(settling);
  }

  /** To be called when no call is under way any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    const giveUp = setTimeout(() => this.#ending.abort(), SETTLE_MAX_MS);
    while (this.#settling.size > 0) await Promise.all(this.#settling);
    clearTimeout(giveUp);
    this.#ending.abort();
    await this.#renewing;
  }

  /** Never rejects: a lease that nobody hears of counts as spent. */
  async #settle(lease: OpenLease): Promise<void> {
    await untilAnswered(this.#observer, this.#ending.signal, () =>
      settleLease(this.#database, lease.id, lease.use),
    ).catch(() => {});
  }

  async #renew(): Promise<void> {
    while (await pause(RENEW_INTERVAL_MS, this.#ending.signal)) {
      const leases = [...this.#unsettled].map(({ id }) => id);
      // The next time is early enough, and a database that is away for longer keeps the books on the safe side.
      if (leases.length > 0) await renewLeases(this.#database, leases, KEPT_MS).catch(() => {});
    }
  }
}
