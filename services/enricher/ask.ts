import { asFault } from '../../shared/errors/policy.ts';
import type { Asked, Model, ModelItem, Outcome, RowInput, SkipReason } from '../../shared/models/model.ts';
import { type Answered, type CallObserver, type CallSignals, callUntilAnswered } from './call.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What became of one row that asked its model, and what it took. */
export interface AnsweredRow<Result = Fields> {
  readonly outcome: Outcome<Result> | { readonly kind: 'skip'; readonly reason: SkipReason };
  readonly attempts: number;
  readonly modelMs: number;
}

/** Asks a model about rows: detects languages, cuts rows into items, calls group by group, joins the items' results. */
export async function askModel<ItemResult, Result>(
  model: Model<ItemResult, Result>,
  rows: readonly RowInput[],
  observer: CallObserver,
  signals: CallSignals,
): Promise<readonly AnsweredRow<Result>[]> {
  const known = await detected(model, rows, observer, signals);
  const asked = known.map((row) => askedOf(model, row));
  const items = asked.flatMap((each) => (each.kind === 'items' ? each.items : []));
  const answers = await callGroups(model, items, observer, signals);
  return known.map((row, place) => {
    const each = asked[place];
    if (each?.kind === 'rejected' || each?.kind === 'skip') return { outcome: each, attempts: 0, modelMs: 0 };
    if (each?.kind !== 'items') throw new RangeError('a detected language asks to be detected again');
    return joined(model, row, each.items, answers);
  });
}

async function detected<ItemResult, Result>(
  model: Model<ItemResult, Result>,
  rows: readonly RowInput[],
  observer: CallObserver,
  signals: CallSignals,
): Promise<readonly RowInput[]> {
  const { detector } = model;
  if (detector === undefined) return rows;
  const unknown = rows.filter((row) => askedOf(model, row).kind === 'detect');
  const answers = await askModel(detector, unknown, observer, signals);
  const languages = new Map(
    unknown.map((row, place) => {
      const outcome = answers[place]?.outcome;
      return [row, outcome?.kind === 'ok' ? outcome.result.language : null];
    }),
  );
  return rows.map((row) => (languages.has(row) ? { ...row, detected: languages.get(row) ?? null } : row));
}

function askedOf<ItemResult, Result>(
  model: Model<ItemResult, Result>,
  row: RowInput,
): Asked | Extract<Outcome<Result>, { kind: 'rejected' }> {
  try {
    return model.itemsOf(row);
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind !== 'input') throw error;
    return { kind: 'rejected', fault };
  }
}

async function callGroups<ItemResult, Result>(
  model: Model<ItemResult, Result>,
  items: readonly ModelItem[],
  observer: CallObserver,
  signals: CallSignals,
): Promise<ReadonlyMap<ModelItem, Answered<ItemResult>>> {
  const answers = new Map<ModelItem, Answered<ItemResult>>();
  for (const group of Map.groupBy(items, (item) => model.groupOf(item)).values()) {
    for (let start = 0; start < group.length; start += model.limits.rowsMax) {
      const batch = group.slice(start, start + model.limits.rowsMax);
      const answered = await callUntilAnswered(model, batch, observer, signals);
      for (const [place, item] of batch.entries()) {
        const answer = answered[place];
        if (answer !== undefined) answers.set(item, answer);
      }
    }
  }
  return answers;
}

function joined<ItemResult, Result>(
  model: Model<ItemResult, Result>,
  row: RowInput,
  items: readonly ModelItem[],
  answers: ReadonlyMap<ModelItem, Answered<ItemResult>>,
): AnsweredRow<Result> {
  const answered = items.map((item) => {
    const answer = answers.get(item);
    if (answer === undefined) throw new RangeError('the model answered another number of items');
    return answer;
  });
  const attempts = Math.max(0, ...answered.map((each) => each.attempts));
  const modelMs = answered.reduce((sum, each) => sum + each.modelMs, 0);
  const results: ItemResult[] = [];
  let costNanoUsd = 0;
  for (const { outcome } of answered) {
    if (outcome.kind === 'rejected') return { outcome, attempts, modelMs };
    results.push(outcome.result);
    costNanoUsd += outcome.costNanoUsd;
  }
  const result = model.resultOf(row, items, results);
  return { outcome: { kind: 'ok', result, costNanoUsd }, attempts, modelMs };
}
