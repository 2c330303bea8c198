import type { Fault } from '../../../shared/errors/policy.ts';
import { type BackoffLimits, backoffMs } from '../../../shared/lifecycle/backoff.ts';
import { Breaker } from './breaker.ts';
import { AdaptiveConcurrency } from './concurrency.ts';
import { CallRate } from './rate.ts';

export interface GateOptions {
  readonly callsMax: number;
  /** The quota the definition names, of all processes together. */
  readonly callsPerSecond: number | undefined;
  readonly clock: () => number;
  readonly random: () => number;
  /** A call may go out and nobody waits who was here before; false: there is nothing to send. It may not end at once. */
  readonly fresh: (pass: Pass) => boolean;
  /** Comes again when the reason becomes another one. A quota is a reason when it has let nothing through for a while. */
  readonly paused: (fault: Fault) => void;
  readonly resumed: () => void;
}

/** Leave for one call. Whoever has it says exactly once how the call ended. */
export interface Pass {
  /** The one call that finds out whether the model answers again: it carries a single item. */
  readonly isCanary: boolean;
  /** Of any kind, be it a refusal: the model is there. */
  answered(): void;
  failed(fault: Fault): void;
  /** Nothing was sent after all, or nobody waited for the answer. */
  unused(): void;
}

const THROTTLED: BackoffLimits = { firstMs: 50, maxMs: 5_000 };
/** A quota that lasts longer than a second: asking every few seconds would not help. */
const LASTING_QUOTA: BackoffLimits = { firstMs: 10_000, maxMs: 60_000 };
/** A model that only refuses for so long is told of, as one that is away is: it may be starting, or its quota is nothing. */
const REFUSING_TOLD_AFTER_MS = 10_000;
const TIMER_MAX_MS = 60_000;

/** The one place where calls of a model wait: for the breaker, the rate, and a free place among those under way. */
export class Gate {
  readonly #options: GateOptions;
  readonly #breaker: Breaker;
  readonly #concurrency: AdaptiveConcurrency;
  readonly #rate: CallRate;
  /** Calls made again, in the order they came back: so the canary is another one each time. */
  readonly #waiting = new Set<(pass: Pass | undefined) => void>();
  #inFlight = 0;
  #successes = 0;
  #throttles = 0;
  #heldUntilMs = 0;
  /** The first refusal by quota since the last answer. */
  #refusingSinceMs: number | undefined;
  #isRefusingTold = false;
  #isFreshCanaryNext = false;
  #isClosed = false;
  #isOpening = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#breaker = new Breaker(options.random);
    this.#concurrency = new AdaptiveConcurrency(options.callsMax);
    this.#rate = new CallRate(options.callsPerSecond);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get limit(): number {
    return this.#concurrency.limit;
  }

  /** Answered calls so far. */
  get successes(): number {
    return this.#successes;
  }

  setShare(share: number): void {
    this.#rate.setShare(share, this.#options.clock());
    this.open();
  }

  /** Waits for leave; undefined once the gate has closed for good. */
  async enter(): Promise<Pass | undefined> {
    if (this.#isClosed) return undefined;
    return await new Promise((resolve) => {
      this.#waiting.add(resolve);
      this.open();
    });
  }

  /** No more calls: whoever waits learns it now. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const resolve of this.#waiting) resolve(undefined);
    this.#waiting.clear();
    if (this.#breaker.fault !== undefined || this.#isRefusingTold) this.#options.resumed();
  }

  /** Lets out what may go; to be called whenever something may have changed that the gate cannot see. */
  open(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    while (!this.#isClosed) {
      const nowMs = this.#options.clock();
      const waitMs = this.#waitMs(nowMs);
      if (waitMs > 0) {
        this.#again(waitMs);
        break;
      }
      if (!this.#letOneOut(this.#breaker.state(nowMs) === 'due', nowMs)) break;
    }
    this.#isOpening = false;
  }

  /** Infinite where only an event helps: a call that ends. */
  #waitMs(nowMs: number): number {
    const state = this.#breaker.state(nowMs);
    if (state === 'asking') return Number.POSITIVE_INFINITY;
    if (state === 'open') return this.#breaker.canaryAtMs - nowMs;
    if (nowMs < this.#heldUntilMs) return this.#heldUntilMs - nowMs;
    if (state === 'closed' && this.#inFlight >= this.limit) return Number.POSITIVE_INFINITY;
    return this.#rate.waitMs(nowMs);
  }

  #letOneOut(isCanary: boolean, nowMs: number): boolean {
    const [first] = this.#waiting;
    const pass = this.#pass(isCanary, nowMs);
    if ((first === undefined || (isCanary && this.#isFreshCanaryNext)) && this.#options.fresh(pass)) {
      this.#isFreshCanaryNext = false;
    } else {
      if (first === undefined) return false;
      this.#isFreshCanaryNext = true;
      this.#waiting.delete(first);
      first(pass);
    }
    this.#inFlight++;
    this.#rate.take();
    if (isCanary) this.#breaker.canaryLeft();
    return true;
  }

  #pass(isCanary: boolean, startedAtMs: number): Pass {
    return {
      isCanary,
      answered: () => {
        this.#concurrency.answered(this.#inFlight);
        this.#successes++;
        this.#throttles = 0;
        this.#refusingSinceMs = undefined;
        if (this.#breaker.fault !== undefined || this.#isRefusingTold) {
          this.#isRefusingTold = false;
          this.#breaker.succeeded();
          this.#options.resumed();
        }
        this.#ended();
      },
      failed: (fault) => {
        this.#failed(fault, isCanary, startedAtMs);
        this.#ended();
      },
      unused: () => {
        if (isCanary) this.#breaker.canaryLost();
        this.#ended();
      },
    };
  }

  #failed(fault: Fault, isCanary: boolean, startedAtMs: number): void {
    const nowMs = this.#options.clock();
    this.#concurrency.overloaded(startedAtMs, nowMs);
    if (fault.kind === 'throttled') {
      const limits = fault.code === 'ServiceQuotaExceededException' ? LASTING_QUOTA : THROTTLED;
      const waitMs = backoffMs(this.#throttles++, limits, this.#options.random);
      this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + waitMs);
      if (isCanary) this.#breaker.canaryLost();
      this.#refused(fault, nowMs);
      return;
    }
    const before = this.#breaker.fault?.kind;
    this.#breaker.failed(fault, isCanary, nowMs);
    if (this.#breaker.fault?.kind !== before) this.#options.paused(fault);
  }

  #refused(fault: Fault, nowMs: number): void {
    this.#refusingSinceMs ??= nowMs;
    if (this.#isRefusingTold || nowMs - this.#refusingSinceMs < REFUSING_TOLD_AFTER_MS) return;
    this.#isRefusingTold = true;
    this.#options.paused(fault);
  }

  #ended(): void {
    this.#inFlight--;
    this.open();
  }

  #again(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.open(), Math.min(TIMER_MAX_MS, Math.ceil(waitMs)));
  }
}
