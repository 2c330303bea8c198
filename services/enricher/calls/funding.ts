import type { Outcome } from '../../../shared/models/model.ts';
import type { Ask, OpenAsk } from './asks.ts';
import type { Called } from './called.ts';
import type { Gate, Pass } from './gate.ts';

/** Makes a call whose money is reserved, and remembers what it cost. */
export type Spend<ItemResult> = (
  call: () => Promise<readonly Outcome<ItemResult>[]>,
) => Promise<readonly Outcome<ItemResult>[]>;

/** Either some may be sent, or some have heard that there is nothing for them, or money is to be waited for. */
export interface Funds<ItemResult> {
  readonly sent: readonly OpenAsk<ItemResult>[];
  readonly heard: readonly OpenAsk<ItemResult>[];
  /** Resolves when it is worth asking again: there may be money, or nobody waits for it any more. */
  readonly later?: () => Promise<void>;
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
  /** By purse, as asks tell them apart: calls that wait for its money. */
  readonly #waiting = { live: 0, redo: 0 };

  constructor(funding: Funding<ItemResult>, gate: Pick<Gate, 'open'>) {
    this.#funding = funding;
    this.#gate = gate;
  }

  /** Others wait for the money that this one would be paid from. */
  isHeld(ask: Ask<ItemResult>): boolean {
    return this.#waiting[purseOf(ask)] > 0;
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
    const { sent, heard, later, spend, settle } = funds;
    if (sent.length > 0) return { ...(await settle(call(sent, spend))), about: sent };
    if (later === undefined) {
      pass.unused();
      return { kind: 'unsent', about: heard };
    }
    return await this.#wait(next, pass, later);
  }

  async #wait(
    next: readonly OpenAsk<ItemResult>[],
    pass: Pass,
    later: () => Promise<void>,
  ): Promise<CalledAbout<ItemResult>> {
    const purse = purseOf(next[0]?.ask);
    this.#waiting[purse]++;
    pass.unused();
    try {
      await later();
    } catch (error) {
      this.#waiting[purse]--;
      // None of these enters again, and so lets out what was held.
      this.#gate.open();
      return unfunded(next, error);
    }
    this.#waiting[purse]--;
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
