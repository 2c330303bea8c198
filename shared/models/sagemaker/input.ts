import { Fault } from '../../errors/policy.ts';
import type { ModelItem } from '../model.ts';

/** The features of one row in the definition's order, or the fault of a row that has none a model could read. */
export function features(item: ModelItem): readonly number[] | Fault {
  if (typeof item.input === 'string') {
    return new Fault('input', 'not_tabular', 'A sagemaker model takes numbers, and the row has a text.');
  }
  const place = item.input.findIndex((value) => !Number.isFinite(value));
  if (place < 0) return item.input;
  return new Fault('input', 'not_finite', `Input ${place + 1} of the row is not a finite number.`);
}
