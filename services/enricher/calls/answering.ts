import { asFault, Fault, POLICY } from '../../../shared/errors/policy.ts';
import type { Model, ModelItem, Outcome } from '../../../shared/models/model.ts';
import { Dropped } from '../dropped.ts';
import { type Ask, type OpenAsk, wanted } from './asks.ts';
import { type Called, isAnswer } from './called.ts';
import { FundedCalls, type Funding, type Spend } from './funding.ts';
import type { Gate, Pass } from './gate.ts';
import { RefusalProbe } from './refusal-probe.ts';
import { RejectionGuard, refusedAlone, refusesEverything } from './rejections.ts';
import { Availability, Suspicion } from './suspicion.ts';

/** What the caller wants to hear of calls, for metrics, logs and health. */
export interface CallObserver {
  called(rows: number, durationMs: number): void;
  failed(fault: Fault, rows: number): void;
  /** No call goes out, because the model does not answer or is not set up. Comes again when the reason is another one. */
  paused(fault: Fault): void;
  resumed(): void;
}

export interface AnsweringOptions<ItemResult> {
  readonly call: Model<ItemResult>['call'];
  readonly isPaidPerCall: boolean;
  readonly funding: Funding<ItemResult>;
  readonly observer: Pick<CallObserver, 'called' | 'failed'>;
  readonly clock: () => number;
  readonly aborting: AbortSignal;
  /** Takes over what goes on after the batch it came from. */
  readonly beside: (work: Promise<void>) => void;
}

/** What a model's answers and faults mean for each item: the one table of faults, applied. */
export class Answering<ItemResult> {
  readonly #options: AnsweringOptions<ItemResult>;
  readonly #gate: Gate;
  readonly #guard = new RejectionGuard();
  readonly #availability = new Availability();
  readonly #probe: RefusalProbe;
  readonly #funded: FundedCalls<ItemResult>;
  /** The last item that the model accepted, here or as a cache has it. */
  #accepted: ModelItem | undefined;
  #acceptedBefore: (() => ModelItem | undefined) | undefined;

  constructor(gate: Gate, options: AnsweringOptions<ItemResult>) {
    this.#gate = gate;
    this.#options = options;
    this.#funded = new FundedCalls(options.funding, gate);
    this.#probe = new RefusalProbe({
      isPaid: options.isPaidPerCall,
      isNeeded: () => this.#guard.isHolding,
      ask: () => this.#askAgain(),
    });
  }

  /** Gives up what waits for the guard. */
  close(): void {
    this.#probe.close();
    this.#guard.close();
  }

  /** The model has accepted this item before, says a cache. */
  knows(item: () => ModelItem | undefined): void {
    this.#acceptedBefore = item;
  }

  /** There is no money for it at present: others wait for that. */
  isHeld(ask: Ask<ItemResult>): boolean {
    return this.#funded.isHeld(ask);
  }

  /** A new batch, with leave for its first call. */
  async first(batch: readonly OpenAsk<ItemResult>[], pass: Pass): Promise<void> {
    await this.#answer(batch, new Suspicion(), pass);
  }

  /**
   * Calls until every item has its answer: waits while the model is throttled, away or not set up, or money is wanting, halves a
   * refused batch until the refused item stands alone. Resolves early when the gate closes.
   */
  async #answer(
    batch: readonly OpenAsk<ItemResult>[],
    suspicion: Suspicion,
    firstPass?: Pass,
  ): Promise<void> {
    let left = batch;
    let awayAtCall: number | undefined;
    let isFirst = firstPass !== undefined;
    for (let calls = 0; ; calls++) {
      left = wanted(left);
      const pass = calls === 0 && firstPass !== undefined ? firstPass : await this.#gate.enter();
      const next = pass?.isCanary === true ? left.slice(calls % Math.max(1, left.length)).slice(0, 1) : left;
      if (pass === undefined || next.length === 0) {
        pass?.unused();
        for (const { ask } of left) ask.failed(new Dropped());
        return;
      }
      const other = pass.isCanary ? this.#otherThan(left) : undefined;
      if (other !== undefined) {
        const unnamed = await this.#askAbout(other, pass);
        if (unnamed === undefined) continue;
        for (const { ask } of left) ask.failed(unnamed);
        return;
      }
      const { about, ...called } = await this.#callFunded(next, pass);
      if (isFirst && called.kind !== 'unsent') {
        this.#availability.first(isAnswer(called));
        isFirst = false;
      }
      if (called.kind === 'settled' || called.kind === 'unsent') {
        if (about.length === left.length) return;
        left = left.filter((open) => !about.includes(open));
        continue;
      }
      if (called.kind === 'refused') return await this.#inHalves(left, () => new Suspicion());
      if (called.fault.kind !== 'unavailable' || about.length < left.length) continue;
      awayAtCall ??= this.#guard.calls;
      suspicion.failed(this.#gate.successes);
      const strikes = this.#availability.strikesNeeded;
      if (!suspicion.isConfirmed(strikes)) continue;
      if (left.length > 1) return await this.#inHalves(left, (rows) => suspicion.ofHalf(rows, strikes));
      for (const open of left) {
        // Only now: a model that was away and then refuses everything has not refused this row before.
        open.refusedAtCall ??= awayAtCall;
        this.#reject(open, refusedAlone(called.fault), false);
      }
      return;
    }
  }

  /**
   * What a canary carries when only a suspect is left to ask about. Nothing else where each call is paid: there a suspect
   * waits for the next row.
   */
  #otherThan([only, ...others]: readonly OpenAsk<ItemResult>[]): ModelItem | undefined {
    if (this.#options.isPaidPerCall || only === undefined || only.attempts === 0 || others.length > 0) return;
    return this.#known();
  }

  #known(): ModelItem | undefined {
    return this.#accepted ?? this.#acceptedBefore?.();
  }

  /** Paid or not: a refusal that nothing settles would keep its partition for ever, and one call settles all that wait. */
  async #askAgain(): Promise<void> {
    const item = this.#known();
    const pass = item === undefined ? undefined : await this.#gate.enter();
    if (item === undefined || pass === undefined) return;
    const asking = this.#askAbout(item, pass).then((unnamed) => {
      if (unnamed !== undefined) this.#guard.failed(unnamed);
    });
    this.#options.beside(asking);
    await asking;
  }

  /** Of its answer only counts that there is one. Returns a fault that nobody named: asked at once again, it would only come again. */
  async #askAbout(item: ModelItem, pass: Pass): Promise<unknown> {
    let unnamed: unknown;
    const failed = (error: unknown): void => {
      if (!(error instanceof Dropped)) unnamed = error;
    };
    const ask = { item, isWanted: () => false, answered: () => {}, failed };
    const called = await this.#callFunded([{ ask, attempts: 0, refusedAtCall: undefined }], pass);
    if (called.kind !== 'unsent') this.#availability.first(isAnswer(called));
    return unnamed;
  }

  async #inHalves(
    items: readonly OpenAsk<ItemResult>[],
    suspicionOf: (rows: number) => Suspicion,
  ): Promise<void> {
    const middle = Math.ceil(items.length / 2);
    const halves = [items.slice(0, middle), items.slice(middle)];
    await Promise.all(halves.map((half) => this.#answer(half, suspicionOf(half.length))));
  }

  #callFunded(next: readonly OpenAsk<ItemResult>[], pass: Pass) {
    return this.#funded.call(next, pass, (sent, spend) => this.#call(sent, pass, spend));
  }

  async #call(sent: readonly OpenAsk<ItemResult>[], pass: Pass, spend: Spend<ItemResult>): Promise<Called> {
    const { call, observer, clock, aborting } = this.#options;
    const items: readonly ModelItem[] = sent.map(({ ask }) => ask.item);
    const startedAtMs = clock();
    const ordinal = this.#guard.begin();
    let outcomes: readonly Outcome<ItemResult>[];
    try {
      outcomes = await spend(() => call(items, aborting));
      if (outcomes.length !== items.length) {
        throw new Fault(
          'contract',
          'outcome_count',
          `${outcomes.length} outcomes for ${items.length} items.`,
        );
      }
      observer.called(items.length, clock() - startedAtMs);
    } catch (error) {
      const fault = asFault(error);
      if (aborting.aborted) {
        pass.unused(); // the gate is closed: it will say so
        return { kind: 'away', fault };
      }
      observer.failed(fault, items.length);
      const { action } = POLICY[fault.kind];
      if (action === 'retry' || action === 'pause' || action === 'stop') {
        if (action !== 'retry') for (const open of sent) open.attempts++;
        pass.failed(fault);
        return { kind: 'away', fault };
      }
      if (action !== 'bisect' && action !== 'fail_item') {
        pass.unused();
        for (const { ask } of sent) ask.failed(fault);
        return { kind: 'settled' };
      }
      if (items.length > 1) {
        for (const open of sent) {
          open.attempts++;
          open.refusedAtCall ??= this.#guard.calls;
        }
        this.#refused(fault, pass);
        return { kind: 'refused' };
      }
      outcomes = [{ kind: 'rejected', fault: refusedAlone(fault) }];
    }
    await this.#deliver(sent, outcomes, { ordinal, modelMs: clock() - startedAtMs }, pass);
    return { kind: 'settled' };
  }

  async #deliver(
    sent: readonly OpenAsk<ItemResult>[],
    outcomes: readonly Outcome<ItemResult>[],
    { ordinal, modelMs }: { readonly ordinal: number; readonly modelMs: number },
    pass: Pass,
  ): Promise<void> {
    const kept: Promise<void>[] = [];
    let isAccepted = false;
    let refusal: Fault | undefined;
    for (const [place, open] of sent.entries()) {
      const outcome = outcomes[place];
      if (outcome === undefined) throw new RangeError('an item without its outcome');
      open.attempts++;
      if (outcome.kind === 'ok') {
        isAccepted = true;
        if (open.ask.kept !== undefined) kept.push(open.ask.kept);
        this.#accepted = open.ask.item;
      } else if (outcome.fault.kind !== 'input') {
        refusal = outcome.fault;
        this.#reject(open, refusal, outcome.isWorthOneRetry === true);
        continue;
      }
      open.ask.answered({ outcome, attempts: open.attempts, modelMs, batchRows: sent.length });
    }
    if (isAccepted) {
      this.#guard.accepted(ordinal);
      // So a crash, and a database that is away, cost no more answers than there may be calls.
      if (kept.length > 0) await Promise.all(kept);
      pass.answered();
    } else if (refusal !== undefined) this.#refused(refusal, pass);
    else pass.unused(); // none of them could be sent
  }

  /** A refusal is an answer too, the model is there: unless it has refused everything for a while. */
  #refused(fault: Fault, pass: Pass): void {
    if (this.#guard.refusesAll) pass.failed(refusesEverything(fault));
    else pass.answered();
  }

  #reject(open: OpenAsk<ItemResult>, fault: Fault, isWorthOneRetry: boolean): void {
    const again = (): void => this.#options.beside(this.#answer([open], new Suspicion()));
    const fail = (): void =>
      open.ask.answered({
        outcome: { kind: 'rejected', fault },
        attempts: open.attempts,
        modelMs: 0,
        batchRows: 0,
      });
    open.refusedAtCall ??= this.#guard.calls;
    if (isWorthOneRetry && open.attempts < 2) again();
    // Its neighbours were accepted after the refusal that it had a part in: it is the row.
    else if (this.#guard.hasAcceptedSince(open.refusedAtCall)) fail();
    else {
      this.#probe.refused();
      this.#guard.rejected(open.refusedAtCall).then(
        (verdict) => {
          if (verdict === 'final') return fail();
          open.refusedAtCall = undefined;
          again();
        },
        (error: unknown) => open.ask.failed(error),
      );
    }
  }
}
