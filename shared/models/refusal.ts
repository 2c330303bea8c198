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
 * was thrown whenever it is about more than the item. `callNanoUsd`: what the call cost if the model did answer, be it with
 * nothing that anybody understands.
 */
export function refusedAlone(error: unknown, items: number, callNanoUsd = 0): readonly [Outcome<never>] {
  if (items > 1 || !(error instanceof Fault)) throw error;
  const { kind, code } = error;
  const outcome = rejected(aloneFault(error), WORTH_ONE_RETRY.has(code));
  const isBilled = callNanoUsd > 0 && (kind === 'contract' || error.httpStatus === 200);
  return [isBilled ? { ...outcome, costNanoUsd: callNanoUsd } : outcome];
}

function aloneFault(fault: Fault): Fault {
  const { kind, code, message } = fault;
  if (kind === 'rejected_item' || kind === 'contract') return fault;
  if (kind !== 'rejected_batch') throw fault;
  return new Fault('rejected_item', code, message, fault);
}

export function rejected(fault: Fault, isWorthOneRetry = false): Outcome<never> {
  return { kind: 'rejected', fault, ...(isWorthOneRetry ? { isWorthOneRetry } : {}) };
}
