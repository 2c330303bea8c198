import type { Fault, InputMatch } from './rule.ts';

/** What only a model can get wrong in its own answer; each operation says which of them it can show. */
export const BEND_KINDS = [
  'rows',
  'reordered',
  'repeated_index',
  'item_error',
  'not_a_number',
  'zero_vector',
  'width',
  'function_error',
] as const;
export type BendKind = (typeof BEND_KINDS)[number];

/** How a fault bends what a model would have said. */
export interface Bend {
  readonly fault: Extract<Fault, { kind: BendKind }>;
  /** The inputs it is about; undefined: the last one. */
  readonly input: InputMatch | undefined;
}

/** Which places of a call's inputs a bend is about. */
export function bentPlaces<Input>(
  bend: Bend,
  inputs: readonly Input[],
  matches: (input: Input, match: InputMatch) => boolean,
): ReadonlySet<number> {
  const { input: match } = bend;
  if (match === undefined) return new Set([inputs.length - 1]);
  return new Set(inputs.flatMap((input, place) => (matches(input, match) ? [place] : [])));
}

/** As many more or fewer as the fault says; `extra` makes what nobody asked for. */
export function changeLength<Item>(
  items: readonly Item[],
  change: number,
  extra: (place: number) => Item,
): readonly Item[] {
  if (change < 0) return items.slice(0, Math.max(items.length + change, 0));
  return [...items, ...Array.from({ length: change }, (_, place) => extra(items.length + place))];
}
