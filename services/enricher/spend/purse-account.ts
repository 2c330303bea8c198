import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { DatabasePool } from '../../../shared/postgres/connect.ts';
import { type Account, type LeaseAnswer, takeLease } from '../../../shared/side-tables/ledger.ts';
import type { PurseLimits } from '../../../shared/spend/lease.ts';
import { untilAnswered, type WaitObserver } from '../database-wait.ts';
import { KEPT_MS, LeaseKeeper } from './lease-keeper.ts';
import { OpenLease } from './open-lease.ts';

/** There is no money for it today. */
export interface Spent {
  readonly kind: 'spent';
  readonly resetsAt: string;
}

/** Another budget was registered, and this purse is not in it: another one pays. */
export interface Gone {
  readonly kind: 'gone';
}

/** Money is to be waited for. `later` resolves when it is worth asking again. */
export interface Waits {
  readonly kind: 'waits';
  later(): Promise<void>;
}

/** For whom money is asked. */
export interface Asker {
  /** Nobody waits behind him until there is money again: he hears of it at once, whatever is configured. */
  readonly isRedo: boolean;
  isWanted(): boolean;
}

/** Money for the first so many of the items that were asked for. */
export interface Funded {
  readonly kind: 'funded';
  readonly items: number;
  readonly boundNanoUsd: number;
  /** Of these; to be called once. */
  spent(nanoUsd: number): void;
}

export interface PurseObserver extends WaitObserver {
  used(answer: LeaseAnswer): void;
  spent(nanoUsd: number): void;
  /** Nothing is left today, and rows wait for more. */
  waits(resetsAt: string): void;
  goesOn(): void;
}

export interface PurseAccountSettings extends Account {
  readonly database: DatabasePool;
  /** As they are now. */
  readonly limits: () => PurseLimits | undefined;
  /** No limit holds for it any more, though there is a budget: nothing may be taken. */
  readonly isGone: () => boolean;
  /** skip: whoever comes too late hears it. pause: waits. */
  readonly onReached: () => 'pause' | 'skip';
  readonly observer: PurseObserver;
  /** Nobody waits for money any more. */
  readonly stopping: AbortSignal;
  readonly clock?: () => number;
}

/** Others return what they do not need within about a second. */
const OTHERS_INTERVAL_MS = 100;
/** How long it is taken for granted that nothing is left. */
const SPENT_MS = 1_000;
/** Over a shorter time a rate would be chance. */
const RATE_OVER_MIN_MS = 20;
const SECOND_MS = 1_000;

/** What one enrichment in one process may spend of one purse, in leases of about a second. */
export class PurseAccount implements AsyncDisposable {
  readonly #settings: PurseAccountSettings;
  readonly #clock: () => number;
  readonly #keeper: LeaseKeeper;
  #lease: OpenLease | undefined;
  #last: OpenLease | undefined;
  #idle: NodeJS.Timeout | undefined;
  #taking: Promise<LeaseAnswer | undefined> | undefined;
  /** Of everybody who waits for the next lease. */
  #askedNanoUsd = 0;
  #spent: (Spent & { readonly fromNanoUsd: number; readonly untilMs: number }) | undefined;
  #waiting = 0;

  constructor(settings: PurseAccountSettings) {
    this.#settings = settings;
    this.#clock = settings.clock ?? (() => performance.now());
    this.#keeper = new LeaseKeeper(settings.database, settings.observer);
  }

  /**
   * Money for as many of the first items as there is some for: all of them unless the limit is near. `boundNanoUsd`: of so many
   * of them. undefined: nobody waits for it any more.
   */
  async fund(
    items: number,
    boundNanoUsd: (items: number) => number,
    asker: Asker,
  ): Promise<Funded | Spent | Gone | Waits | undefined> {
    const { stopping, isGone } = this.#settings;
    const all = boundNanoUsd(items);
    for (;;) {
      if (isGone()) return { kind: 'gone' };
      const funded = this.#reserve(items, boundNanoUsd, all);
      if (funded !== undefined) return funded;
      if (stopping.aborted) return undefined;
      const least = boundNanoUsd(1);
      if (this.#isSpent(least) === undefined) {
        const answer = await this.#take(least, all);
        if (answer === undefined || answer.kind === 'granted') continue;
      }
      const spent = this.#isSpent(least);
      if (spent !== undefined && this.#isToHear(asker)) return spent;
      if (!asker.isWanted()) return undefined;
      return { kind: 'waits', later: () => this.#wait(least, all, asker) };
    }
  }

  /** To be called when no call is under way any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await this.#keeper[Symbol.asyncDispose]();
  }

  /** Until there is money, or none is to be waited for any more: not here, or by nobody. */
  async #wait(least: number, all: number, asker: Asker): Promise<void> {
    const { stopping, isGone, observer } = this.#settings;
    let isTold = false;
    try {
      for (;;) {
        const spent = this.#isSpent(least);
        if (spent !== undefined && !isTold) {
          isTold = true;
          if (this.#waiting++ === 0) observer.waits(spent.resetsAt);
        }
        await pause(spent === undefined ? OTHERS_INTERVAL_MS : SPENT_MS, stopping);
        if (stopping.aborted || !asker.isWanted() || isGone() || this.#mayReserve(least)) return;
        if (this.#isSpent(least) === undefined) {
          const answer = await this.#take(least, all);
          if (answer === undefined || answer.kind === 'granted') return;
        }
        if (this.#isSpent(least) !== undefined && this.#isToHear(asker)) return;
      }
    } finally {
      if (isTold && --this.#waiting === 0) observer.goesOn();
    }
  }

  #isToHear({ isRedo }: Asker): boolean {
    return isRedo || this.#settings.onReached() === 'skip';
  }

  #mayReserve(leastNanoUsd: number): boolean {
    const lease = this.#lease;
    return lease?.isOpen(this.#clock()) === true && leastNanoUsd <= lease.freeNanoUsd;
  }

  #reserve(items: number, boundNanoUsd: (items: number) => number, all: number): Funded | undefined {
    const lease = this.#lease;
    if (lease === undefined) return undefined;
    if (lease.isOpen(this.#clock())) {
      if (all <= lease.freeNanoUsd) return this.#funded(lease, items, all);
      // Only a lease that is too small from its beginning says that the limit is near.
      const fitting = lease.isFresh ? fittingItems(items, boundNanoUsd, lease.freeNanoUsd) : 0;
      if (fitting > 0) return this.#funded(lease, fitting, boundNanoUsd(fitting));
    }
    this.#close();
    return undefined;
  }

  #funded(lease: OpenLease, items: number, boundNanoUsd: number): Funded {
    lease.reserve(boundNanoUsd);
    return {
      kind: 'funded',
      items,
      boundNanoUsd,
      spent: (nanoUsd) => {
        this.#settings.observer.spent(nanoUsd);
        lease.spent(nanoUsd, items, nanoUsd > 0 ? boundNanoUsd : 0);
        this.#keeper.ended(lease);
      },
    };
  }

  #isSpent(leastNanoUsd: number): Spent | undefined {
    const spent = this.#spent;
    if (spent === undefined || leastNanoUsd < spent.fromNanoUsd) return undefined;
    return this.#clock() < spent.untilMs ? spent : undefined;
  }

  /** Everybody who waits shares one question. undefined: it was not asked to its end. */
  async #take(least: number, all: number): Promise<LeaseAnswer | undefined> {
    this.#askedNanoUsd += all;
    try {
      this.#taking ??= this.#takeNow(least).finally(() => {
        this.#taking = undefined;
      });
      return await this.#taking;
    } catch (error) {
      // The database was away until nobody waited for it any more.
      if (this.#settings.stopping.aborted) return undefined;
      throw error;
    } finally {
      this.#askedNanoUsd -= all;
    }
  }

  async #takeNow(leastNanoUsd: number): Promise<LeaseAnswer | undefined> {
    const { database, observer, stopping, purse, enrichment, table, limits, isGone } = this.#settings;
    let askedAtMs = this.#clock();
    const answer = await untilAnswered(observer, stopping, async () => {
      // The database may have been away for long.
      if (isGone()) return undefined;
      askedAtMs = this.#clock();
      const wantedNanoUsd = Math.max(this.#askedNanoUsd, this.#nanoUsdOfASecond());
      const account = { purse, enrichment, table, limits: limits() };
      return await takeLease(database, { ...account, leastNanoUsd, wantedNanoUsd, keptMs: KEPT_MS });
    });
    if (answer === undefined) return undefined;
    observer.used(answer);
    if (answer.kind === 'granted')
      this.#open(new OpenLease(answer.lease, answer.nanoUsd, askedAtMs, this.#clock()));
    else if (answer.kind === 'spent') {
      const untilMs = this.#clock() + SPENT_MS;
      this.#spent = { kind: 'spent', resetsAt: answer.resetsAt, fromNanoUsd: leastNanoUsd, untilMs };
    }
    return answer;
  }

  /** As the lease before was used up. */
  #nanoUsdOfASecond(): number {
    const lease = this.#last;
    if (lease === undefined) return 0;
    const overMs = Math.max(RATE_OVER_MIN_MS, this.#clock() - lease.takenAtMs);
    return Math.ceil(((lease.grantedNanoUsd - lease.freeNanoUsd) / overMs) * SECOND_MS);
  }

  #open(lease: OpenLease): void {
    this.#close();
    this.#spent = undefined;
    this.#lease = lease;
    this.#last = lease;
    this.#keeper.taken(lease);
    this.#idle = setTimeout(() => this.#close(), lease.openUntilMs - this.#clock());
  }

  #close(): void {
    clearTimeout(this.#idle);
    const lease = this.#lease;
    this.#lease = undefined;
    lease?.close();
    if (lease !== undefined) this.#keeper.ended(lease);
  }
}

function fittingItems(items: number, boundNanoUsd: (items: number) => number, nanoUsd: number): number {
  let fitting = 0;
  while (fitting < items && boundNanoUsd(fitting + 1) <= nanoUsd) fitting++;
  return fitting;
}
