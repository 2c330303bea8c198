import { Fault } from '../errors/policy.ts';
import type { Outcome } from './model.ts';
import { rejected } from './refusal.ts';

/** What no request can be made of has its outcome without a call; the others share one, and everyone keeps its place. */
export async function callWithSendable<Sent, Result>(
  parts: readonly (Sent | Fault)[],
  call: (sent: readonly Sent[]) => Promise<readonly Outcome<Result>[]>,
): Promise<readonly Outcome<Result>[]> {
  const sent = parts.filter((part): part is Sent => !(part instanceof Fault));
  const outcomes = sent.length === 0 ? [] : await call(sent);
  if (outcomes.length !== sent.length) {
    throw new Fault('contract', 'row_count', `${outcomes.length} outcomes for ${sent.length} items.`);
  }
  let next = 0;
  return parts.map((part) =>
    part instanceof Fault ? rejected(part) : (outcomes[next++] as Outcome<Result>),
  );
}
