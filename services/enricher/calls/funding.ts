import type { Outcome } from '../../../shared/models/model.ts';
import type { OpenAsk } from './asks.ts';

/** Makes a call whose money is reserved, and says what it cost. */
export type Spend<ItemResult> = (
  call: () => Promise<readonly Outcome<ItemResult>[]>,
) => Promise<readonly Outcome<ItemResult>[]>;

/** Either some may be sent, or some have heard that there is nothing for them. */
export interface Funds<ItemResult> {
  readonly sent: readonly OpenAsk<ItemResult>[];
  readonly heard: readonly OpenAsk<ItemResult>[];
  readonly spend: Spend<ItemResult>;
}

/** Money for the next call with these; waits for it where somebody is to wait. */
export type Funding<ItemResult> = (open: readonly OpenAsk<ItemResult>[]) => Promise<Funds<ItemResult>>;

/** Of models whose calls cost nothing. */
export async function free<ItemResult>(open: readonly OpenAsk<ItemResult>[]): Promise<Funds<ItemResult>> {
  return { sent: open, heard: [], spend: (call) => call() };
}
