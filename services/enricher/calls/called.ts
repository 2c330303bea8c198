import type { Fault } from '../../../shared/errors/policy.ts';

/** What became of a call. */
export type Called =
  /** Every item has heard, or waits for the guard. */
  | { readonly kind: 'settled' }
  /** A batch as a whole. */
  | { readonly kind: 'refused' }
  /** Nothing is known of any item: it comes again. */
  | { readonly kind: 'away'; readonly fault: Fault }
  /** There was no call, for want of money: whom it was about has heard so. */
  | { readonly kind: 'unsent' };

/** Anything but that the model does not answer. */
export const isAnswer = (called: Called): boolean =>
  called.kind !== 'away' || called.fault.kind !== 'unavailable';
