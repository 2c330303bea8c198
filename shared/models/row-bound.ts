import { asFault } from '../errors/policy.ts';
import type { Asked, Model, ModelItem, RowInput } from './model.ts';

/** undefined: the row would fail, and asks for nothing. */
export function askedOf(model: Pick<Model, 'itemsOf'>, input: RowInput): Asked | undefined {
  try {
    return model.itemsOf(input);
  } catch (error) {
    if (asFault(error).kind === 'input') return undefined;
    throw error;
  }
}

type Priced = Pick<Model, 'itemsOf' | 'boundNanoUsd'>;

/** The most that a row can cost: each of its requests in a call of its own, and nothing known beforehand. */
export function rowBoundNanoUsd(
  model: Priced & { readonly detector?: Priced | undefined },
  input: RowInput,
): number {
  const asked = askedOf(model, input);
  if (asked?.kind === 'items') return itemsBoundNanoUsd(model, asked.items);
  if (asked?.kind !== 'detect' || model.detector === undefined) return 0;
  const detection = askedOf(model.detector, input);
  const detecting = detection?.kind === 'items' ? itemsBoundNanoUsd(model.detector, detection.items) : 0;
  const detected = askedOf(model, { ...input, detected: null });
  return detecting + (detected?.kind === 'items' ? itemsBoundNanoUsd(model, detected.items) : 0);
}

const itemsBoundNanoUsd = (model: Priced, items: readonly ModelItem[]): number =>
  items.reduce((sum, item) => sum + model.boundNanoUsd([item]), 0);
