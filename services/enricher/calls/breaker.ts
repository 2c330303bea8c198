import type { Fault } from '../../../shared/errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../../shared/lifecycle/backoff.ts';

const AWAY: BackoffLimits = { firstMs: 100, maxMs: 5_000 };
/** A wrong set-up is mended by people: asking more often would only fill a log somewhere. */
const SET_UP_CANARY_INTERVAL_MS = 60_000;
/** Once soon: credentials that ran out a moment ago may have been renewed by then. */
const SET_UP_FIRST_MS = 1_000;

/** closed: calls go out. open: nobody asks before `canaryAtMs`. due: one canary may go. asking: it is under way. */
type BreakerState = 'closed' | 'open' | 'due' | 'asking';

/** Keeps calls away from a model that does not answer; one canary at a time finds out when it does again. */
export class Breaker {
  readonly #random: () => number;
  #fault: Fault | undefined;
  #failures = 0;
  #canaryAtMs = 0;
  #isAsking = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Why it is open. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  get canaryAtMs(): number {
    return this.#canaryAtMs;
  }

  state(nowMs: number): BreakerState {
    if (this.#fault === undefined) return 'closed';
    if (this.#isAsking) return 'asking';
    return nowMs < this.#canaryAtMs ? 'open' : 'due';
  }

  canaryLeft(): void {
    this.#isAsking = true;
  }

  /** The canary came to nothing: it was not sent, or its answer said nothing about the model. */
  canaryLost(): void {
    this.#isAsking = false;
  }

  succeeded(): void {
    this.#fault = undefined;
    this.#failures = 0;
    this.#isAsking = false;
  }

  /** Others that were under way when it opened fail as well; only the first of them and each canary count. */
  failed(fault: Fault, wasCanary: boolean, nowMs: number): void {
    const isMore = fault.kind === 'set_up' && this.#fault?.kind !== 'set_up';
    if (wasCanary) this.#isAsking = false;
    else if (this.#fault !== undefined && !isMore) return;
    if (isMore) this.#failures = 0;
    this.#fault = fault;
    this.#canaryAtMs = nowMs + this.#waitMs(fault, this.#failures++);
  }

  #waitMs(fault: Fault, failures: number): number {
    if (fault.kind !== 'set_up') return backoffMs(failures, AWAY, this.#random);
    return failures === 0 ? SET_UP_FIRST_MS : SET_UP_CANARY_INTERVAL_MS;
  }
}
