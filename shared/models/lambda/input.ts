import { Fault } from '../../errors/policy.ts';
import type { ModelItem } from '../model.ts';

/** The features of one row in the definition's order, or the fault of a row that has none a function could read. */
export function features({ input }: ModelItem): readonly number[] | Fault {
  if (typeof input === 'string') {
    return new Fault('input', 'not_tabular', 'A lambda model takes numbers, and the row has a text.');
  }
  const place = input.findIndex((value) => !Number.isFinite(value));
  if (place < 0) return input;
  return new Fault('input', 'not_finite', `Input ${place + 1} of the row is not a finite number.`);
}
