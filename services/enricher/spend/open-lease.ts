import type { LeaseUse } from '../../../shared/side-tables/ledger.ts';

/** Shorter than the database keeps a lease: nothing is sent on money that may be given up as spent meanwhile. */
const USABLE_MAX_MS = 5_000;
/** What nobody needed by then goes back. */
const HELD_MAX_MS = 1_000;

/** Money of this process, between its reservation and the word on what became of it. No I/O. */
export class OpenLease {
  readonly id: string;
  readonly grantedNanoUsd: number;
  readonly takenAtMs: number;
  readonly openUntilMs: number;
  #freeNanoUsd: number;
  #callsUnderWay = 0;
  #use: LeaseUse = { nanoUsd: 0, calls: 0, requests: 0, boundNanoUsd: 0 };
  #isClosed = false;

  /** `askedAtMs`: before the database was asked, whose clock runs from then on. */
  constructor(id: string, grantedNanoUsd: number, askedAtMs: number, takenAtMs: number) {
    this.id = id;
    this.grantedNanoUsd = grantedNanoUsd;
    this.takenAtMs = takenAtMs;
    this.#freeNanoUsd = grantedNanoUsd;
    this.openUntilMs = Math.min(takenAtMs + HELD_MAX_MS, askedAtMs + USABLE_MAX_MS);
  }

  get freeNanoUsd(): number {
    return this.#freeNanoUsd;
  }

  get isFresh(): boolean {
    return this.#freeNanoUsd === this.grantedNanoUsd;
  }

  get isSettled(): boolean {
    return this.#isClosed && this.#callsUnderWay === 0;
  }

  get use(): LeaseUse {
    return this.#use;
  }

  isOpen(nowMs: number): boolean {
    return !this.#isClosed && nowMs < this.openUntilMs;
  }

  reserve(nanoUsd: number): void {
    this.#freeNanoUsd -= nanoUsd;
    this.#callsUnderWay++;
  }

  /** A call has ended; of what was reserved for it so much is spent. */
  spent(nanoUsd: number, requests: number, boundNanoUsd: number): void {
    const before = this.#use;
    this.#callsUnderWay--;
    this.#use = {
      nanoUsd: before.nanoUsd + nanoUsd,
      calls: before.calls + 1,
      requests: before.requests + requests,
      boundNanoUsd: before.boundNanoUsd + boundNanoUsd,
    };
  }

  /** Nothing more is sent on it. */
  close(): void {
    this.#isClosed = true;
  }
}
