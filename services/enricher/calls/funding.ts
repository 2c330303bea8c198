import type { Outcome } from '../../../shared/models/model.ts';
import type { OpenAsk } from './asks.ts';

/** Makes a call whose money is reserved, and remembers what it cost. */
export type Spend<ItemResult> = (
  call: () => Promise<readonly Outcome<ItemResult>[]>,
) => Promise<readonly Outcome<ItemResult>[]>;

/** Either some may be sent, or some have heard that there is nothing for them. */
export interface Funds<ItemResult> {
  readonly sent: readonly OpenAsk<ItemResult>[];
  readonly heard: readonly OpenAsk<ItemResult>[];
  readonly spend: Spend<ItemResult>;
  /** Says what was spent once all that belongs to the call is done: nobody is told that there is nothing left before its answers are kept. */
  settle<Result>(work: Promise<Result>): Promise<Result>;
}

/** Money for the next call with these; waits for it where somebody is to wait. */
export type Funding<ItemResult> = (open: readonly OpenAsk<ItemResult>[]) => Promise<Funds<ItemResult>>;

/** Of models whose calls cost nothing. */
export async function free<ItemResult>(open: readonly OpenAsk<ItemResult>[]): Promise<Funds<ItemResult>> {
  return { sent: open, heard: [], spend: (call) => call(), settle: (work) => work };
}
