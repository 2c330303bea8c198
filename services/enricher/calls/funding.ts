import type { Outcome } from '../../../shared/models/model.ts';
import type { Ask, OpenAsk } from './asks.ts';
import type { Called } from './called.ts';
import type { Gate, Pass } from './gate.ts';

/** Makes a call whose money is reserved, and remembers what it cost. */
export type Spend<ItemResult> = (
  call: () => Promise<readonly Outcome<ItemResult>[]>,
) => Promise<readonly Outcome<ItemResult>[]>;

/** Money is to be waited for. */
interface Shortage<ItemResult> {
  /** Resolves when it is worth asking again: there may be money, or nobody waits for it any more. */
  later(): Promise<void>;
  /** This one costs as much, and so would have to wait too: what is cheaper may still be paid for. */
  holds(ask: Ask<ItemResult>): boolean;
}

/** Either some may be sent, or some have heard that there is nothing for them, or money is to be waited for. */
export interface Funds<ItemResult> {
  readonly sent: readonly OpenAsk<ItemResult>[];
  readonly heard: readonly OpenAsk<ItemResult>[];
  readonly shortage?: Shortage<ItemResult>;
  readonly spend: Spend<ItemResult>;
  /** Says what was spent once all that belongs to the call is done: nobody is told that there is nothing left before its answers are kept. */
  settle<Result>(work: Promise<Result>): Promise<Result>;
}

/** Money for the next call with these. Does not wait until there is some. */
export type Funding<ItemResult> = (open: readonly OpenAsk<ItemResult>[]) => Promise<Funds<ItemResult>>;

/** Of models whose calls cost nothing. */
export async function free<ItemResult>(open: readonly OpenAsk<ItemResult>[]): Promise<Funds<ItemResult>> {
  return { sent: open, heard: [], spend: (call) => call(), settle: (work) => work };
}

/** `about`: whom it was about. */
type CalledAbout<ItemResult> = Called & { readonly about: readonly OpenAsk<ItemResult>[] };

/** Calls as far as there is money for them. Whoever has to wait for some does so without a place among the calls. */
export class FundedCalls<ItemResult> {
  readonly #funding: Funding<ItemResult>;
  readonly #gate: Pick<Gate, 'open'>;
  /** By purse, as asks tell them apart: what calls wait for. */
  readonly #shortages = { live: new Set<Shortage<ItemResult>>(), redo: new Set<Shortage<ItemResult>>() };

  constructor(funding: Funding<ItemResult>, gate: Pick<Gate, 'open'>) {
    this.#funding = funding;
    this.#gate = gate;
  }

  /** Others wait for the money that this one would be paid from, and it costs as much. */
  isHeld(ask: Ask<ItemResult>): boolean {
    return this.#shortages[purseOf(ask)].values().some((shortage) => shortage.holds(ask));
  }

  /** All of these are paid from one purse. */
  async call(
    next: readonly OpenAsk<ItemResult>[],
    pass: Pass,
    call: (sent: readonly OpenAsk<ItemResult>[], spend: Spend<ItemResult>) => Promise<Called>,
  ): Promise<CalledAbout<ItemResult>> {
    let funds: Funds<ItemResult>;
    try {
      funds = await this.#funding(next);
    } catch (error) {
      pass.unused();
      return unfunded(next, error);
    }
    const { sent, heard, shortage, spend, settle } = funds;
    if (sent.length > 0) return { ...(await settle(call(sent, spend))), about: sent };
    if (shortage === undefined) {
      pass.unused();
      return { kind: 'unsent', about: heard };
    }
    return await this.#wait(next, pass, shortage);
  }

  async #wait(
    next: readonly OpenAsk<ItemResult>[],
    pass: Pass,
    shortage: Shortage<ItemResult>,
  ): Promise<CalledAbout<ItemResult>> {
    const waiting = this.#shortages[purseOf(next[0]?.ask)];
    waiting.add(shortage);
    pass.unused();
    try {
      await shortage.later();
    } catch (error) {
      waiting.delete(shortage);
      // None of these enters again, and so lets out what was held.
      this.#gate.open();
      return unfunded(next, error);
    }
    waiting.delete(shortage);
    return { kind: 'unsent', about: [] };
  }
}

const purseOf = (ask: Pick<Ask<never>, 'isRedo'> | undefined): 'live' | 'redo' =>
  ask?.isRedo === true ? 'redo' : 'live';

/** What nobody named. */
function unfunded<ItemResult>(next: readonly OpenAsk<ItemResult>[], error: unknown): CalledAbout<ItemResult> {
  for (const { ask } of next) ask.failed(error);
  return { kind: 'unsent', about: next };
}
