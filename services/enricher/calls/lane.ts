import type { Model, ModelItem } from '../../../shared/models/model.ts';
import { Dropped } from '../dropped.ts';
import { Answering, type CallObserver } from './answering.ts';
import { type Ask, wanted } from './asks.ts';
import { type Funding, free } from './funding.ts';
import { Gate, type Pass } from './gate.ts';
import { WaitingItems } from './waiting-items.ts';

export type CalledModel<ItemResult> = Pick<
  Model<ItemResult>,
  'limits' | 'groupOf' | 'bytesOf' | 'call' | 'isPaidPerCall'
>;

export interface LaneOptions<ItemResult> {
  readonly callsMax: number;
  /** The quota the definition names, of all processes together. */
  readonly callsPerSecond: number | undefined;
  readonly observer: CallObserver;
  /** Where the money for paid calls comes from. */
  readonly funding?: Funding<ItemResult>;
  readonly clock?: () => number;
  readonly random?: () => number;
}

/** All calls of one model in one process: items come in, each gets its answer, calls go out as the gate allows. */
export class Lane<ItemResult> {
  readonly #model: CalledModel<ItemResult>;
  readonly #clock: () => number;
  readonly #waiting: WaitingItems<Ask<ItemResult>>;
  readonly #gate: Gate;
  readonly #answering: Answering<ItemResult>;
  readonly #aborting = new AbortController();
  readonly #work = new Set<Promise<void>>();
  #isScheduled = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(model: CalledModel<ItemResult>, options: LaneOptions<ItemResult>) {
    const { observer, clock = () => performance.now(), random = Math.random } = options;
    this.#model = model;
    this.#clock = clock;
    this.#waiting = new WaitingItems(model.limits, (ask) => this.#answering.isHeld(ask));
    this.#gate = new Gate({
      callsMax: options.callsMax,
      callsPerSecond: options.callsPerSecond,
      clock,
      random,
      fresh: (pass) => this.#fresh(pass),
      paused: (fault) => observer.paused(fault),
      resumed: () => observer.resumed(),
    });
    this.#answering = new Answering(this.#gate, {
      call: (items, signal) => model.call(items, signal),
      isPaidPerCall: model.isPaidPerCall,
      funding: options.funding ?? free,
      observer,
      clock,
      aborting: this.#aborting.signal,
      beside: (work) => this.#track(work),
    });
  }

  get inFlight(): number {
    return this.#gate.inFlight;
  }

  /** Calls that may be under way at once, as the model has been answering. */
  get limit(): number {
    return this.#gate.limit;
  }

  ask(ask: Ask<ItemResult>): void {
    if (this.#isStopped) {
      ask.failed(new Dropped());
      return;
    }
    const { groupOf, bytesOf, isPaidPerCall } = this.#model;
    // A call is paid from one purse.
    const purse = isPaidPerCall && ask.isRedo === true ? '\u0000redo' : '';
    // In front of what is cheaper it would keep that waiting, too.
    const held = this.#answering.isHeld(ask) ? '\u0000held' : '';
    this.#waiting.add(ask, groupOf(ask.item) + purse + held, bytesOf(ask.item), this.#clock());
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // What is asked in one go is to share a call.
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#gate.open();
    });
  }

  /** The model has accepted this item before, says a cache. */
  knows(item: () => ModelItem | undefined): void {
    this.#answering.knows(item);
  }

  /** The part of the quota that is this process's: its partitions have changed, so that nobody may wait for some items any more. */
  setShare(share: number): void {
    // Left in, they would pile up from rebalance to rebalance while the model is away.
    for (const ask of this.#waiting.sift((waiting) => waiting.isWanted())) ask.failed(new Dropped());
    this.#gate.setShare(share);
  }

  /** No new calls: what waits is dropped. Resolves when those under way have ended, since their answers may be paid for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#gate.close();
    this.#answering.close();
    for (const ask of this.#waiting.clear()) ask.failed(new Dropped());
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  /** Calls under way end now. */
  abort(): void {
    this.#aborting.abort();
  }

  /** The next batch goes out if there is one: an idle model gets a single item at once, a busy one those that gathered. */
  #fresh(pass: Pass): boolean {
    clearTimeout(this.#timer);
    const { inFlight, limit } = this.#gate;
    // The more of the limit is in use, the longer a batch may wait for company.
    const waitMs = pass.isCanary ? 0 : (this.#model.limits.waitMaxMs * inFlight) / limit;
    const nowMs = this.#clock();
    for (;;) {
      const taken = this.#waiting.take(waitMs, nowMs, pass.isCanary ? 1 : undefined);
      if (taken.length === 0) break;
      const batch = wanted(taken.map((ask) => ({ ask, attempts: 0, refusedAtCall: undefined })));
      if (batch.length === 0) continue;
      this.#track(this.#answering.first(batch, pass));
      return true;
    }
    const dueAtMs = this.#waiting.dueAtMs(waitMs);
    if (dueAtMs !== undefined) this.#timer = setTimeout(() => this.#gate.open(), Math.ceil(dueAtMs - nowMs));
    return false;
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}
