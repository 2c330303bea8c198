import type { EnrichmentProgram } from '../../../shared/expressions/enrichment-program.ts';
import type { DetectedLanguage, Model, ModelItem, RowInput } from '../../../shared/models/model.ts';
import { requestHash } from '../../../shared/models/request-hash.ts';
import { askedOf } from '../../../shared/models/row-bound.ts';
import { readRow } from '../../../shared/models/row-input.ts';
import type { KeyedInput, KnownAnswers } from './known-answers.ts';
import type { SampledRow } from './sample-rows.ts';

/** What a model has to say of requests; nobody calls it. */
type Asking = Pick<
  Model,
  'id' | 'parameters' | 'requestText' | 'itemsOf' | 'groupOf' | 'limits' | 'boundNanoUsd' | 'likelyNanoUsd'
>;

export interface PricedRows {
  readonly paidRows: number;
  /** The most, and what is likely. */
  readonly boundNanoUsd: number;
  readonly likelyNanoUsd: number;
}

/** What the calls for these rows would cost, in full batches; equal requests are paid once. */
export async function priceRows(
  rows: readonly SampledRow[],
  program: EnrichmentProgram,
  model: Model,
  known: Pick<KnownAnswers, 'stored' | 'cached'>,
  nowMs: number,
): Promise<PricedRows> {
  const asking = rows.flatMap(({ key, row }): readonly KeyedInput[] => {
    const read = readRow(program, row, nowMs);
    return read.kind === 'ask' ? [{ key, input: read.input }] : [];
  });
  const stored = await known.stored(asking);
  const inputs = asking.filter((_, place) => !stored.has(place)).map(({ input }) => input);
  const { detected, ...detections } = await detect(inputs, model, known);
  const requests = await unpaid(
    model,
    detected.map((input) => itemsOf(model, input)),
    known,
  );
  const paidRows = inputs.filter((_, place) => detections.paid.has(place) || requests.paid.has(place)).length;
  return {
    paidRows,
    boundNanoUsd: detections.boundNanoUsd + requests.boundNanoUsd,
    likelyNanoUsd: detections.likelyNanoUsd + requests.likelyNanoUsd,
  };
}

/** Languages that a detector told before; those it is still to be asked for are taken for the fallback. */
async function detect(
  inputs: readonly RowInput[],
  model: Model,
  known: Pick<KnownAnswers, 'cached'>,
): Promise<Unpaid & { readonly detected: readonly RowInput[] }> {
  const { detector } = model;
  const isAsked = inputs.map((input) => detector !== undefined && wantsDetection(model, input));
  if (detector === undefined) return { detected: inputs, paid: new Set(), boundNanoUsd: 0, likelyNanoUsd: 0 };
  const items = inputs.map((input, place) => (isAsked[place] === true ? itemsOf(detector, input) : []));
  const found = await known.cached(detector, items.flat());
  const hashOf = requestHash(detector);
  const detected = inputs.map((input, place): RowInput => {
    const [item] = items[place] ?? [];
    if (item === undefined) return input;
    const answer = found.get(hashOf(item));
    const language = answer === undefined ? null : (JSON.parse(answer) as DetectedLanguage).language;
    return { ...input, detected: language };
  });
  return { ...(await unpaid(detector, items, known)), detected };
}

interface Unpaid {
  /** Places of the rows with a request that nobody has paid for. */
  readonly paid: ReadonlySet<number>;
  readonly boundNanoUsd: number;
  readonly likelyNanoUsd: number;
}

async function unpaid(
  model: Asking,
  itemsOfRows: readonly (readonly ModelItem[])[],
  known: Pick<KnownAnswers, 'cached'>,
): Promise<Unpaid> {
  const hashOf = requestHash(model);
  const found = await known.cached(model, itemsOfRows.flat());
  const asked = new Set(found.keys());
  const paid = new Set<number>();
  const groups = new Map<string, ModelItem[]>();
  for (const [place, items] of itemsOfRows.entries()) {
    for (const item of items) {
      const hash = hashOf(item);
      if (asked.has(hash)) continue;
      asked.add(hash);
      paid.add(place);
      const group = groups.get(model.groupOf(item));
      if (group === undefined) groups.set(model.groupOf(item), [item]);
      else group.push(item);
    }
  }
  let boundNanoUsd = 0;
  let likelyNanoUsd = 0;
  for (const items of groups.values()) {
    for (let begin = 0; begin < items.length; begin += model.limits.rowsMax) {
      const batch = items.slice(begin, begin + model.limits.rowsMax);
      const bound = model.boundNanoUsd(batch);
      boundNanoUsd += bound;
      likelyNanoUsd += model.likelyNanoUsd?.(batch) ?? bound;
    }
  }
  return { paid, boundNanoUsd, likelyNanoUsd };
}

function wantsDetection(model: Asking, input: RowInput): boolean {
  return askedOf(model, input)?.kind === 'detect';
}

function itemsOf(model: Asking, input: RowInput): readonly ModelItem[] {
  const asked = askedOf(model, input);
  return asked?.kind === 'items' ? asked.items : [];
}
