import { Fault } from '../errors/policy.ts';
import type { Outcome } from './model.ts';

/** A service's own trouble with one request, or an answer cut on its way: the same request may pass a moment later. */
const WORTH_ONE_RETRY = new Set([
  'ModelErrorException',
  'ModelStreamErrorException',
  'SyntaxError',
  'not_json',
  'empty_answer',
  'FunctionError',
  'Sandbox.Timedout',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
]);

/**
 * A refusal of several items says nothing about each of them; of a single item it is that item's own outcome. Throws what
 * was thrown whenever it is about more than the item.
 */
export function refusedAlone(error: unknown, items: number): readonly [Outcome<never>] {
  if (items > 1 || !(error instanceof Fault)) throw error;
  const { kind, code } = error;
  const isWorthOneRetry = WORTH_ONE_RETRY.has(code);
  if (kind === 'rejected_item' || kind === 'contract') return [rejected(error, isWorthOneRetry)];
  if (kind !== 'rejected_batch') throw error;
  return [rejected(new Fault('rejected_item', code, error.message, error), isWorthOneRetry)];
}

export function rejected(fault: Fault, isWorthOneRetry = false): Outcome<never> {
  return { kind: 'rejected', fault, ...(isWorthOneRetry ? { isWorthOneRetry } : {}) };
}
