import type { ChangeEvent, Row } from '../../shared/contracts/events.ts';
import type { EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import type { RowInput } from '../../shared/models/model.ts';
import type { AnsweredRow } from './ask.ts';
import type { CompletionReader } from './completion-read.ts';
import type { RedoWish } from './pay-once.ts';
import { type Incomplete, type Prepared, type PreparedWhole, prepareRow } from './prepare.ts';
import type { Completed } from './settle.ts';
import { stands, type UnpaidRedos } from './spend/unpaid-redos.ts';
import type { StoredResults } from './stored-results.ts';

export interface RowWorkParts {
  readonly program: EnrichmentProgram;
  readonly completion: Pick<CompletionReader, 'complete'>;
  readonly stored: Pick<StoredResults<unknown, Readonly<Record<string, unknown>>>, 'lookUp' | 'scoredInput'>;
  readonly unpaid: Pick<UnpaidRedos, 'note'>;
  /** The side tables hold the row's answer. */
  answeredBefore(row: RowInput): void;
  ask(row: RowInput, isWanted: () => boolean, redo: RedoWish | undefined): Promise<AnsweredRow>;
}

/** The row as it is now, where the change did not carry all of it; gone, whatever removed it is newer than the change. */
export async function completeRow(incomplete: Incomplete, parts: RowWorkParts): Promise<Completed> {
  const { record, change } = incomplete;
  if (incomplete.row !== undefined) {
    return { prepared: await prepareAgain(incomplete, incomplete.row, parts), bytes: 0 };
  }
  const { source } = change.event;
  const found = await parts.completion.complete({ key: change.key, epoch: source.epoch, xid: source.txId });
  if (found.kind === 'gone')
    return { prepared: { kind: 'deleted', record, change, cause: 'gone' }, bytes: 0 };
  const { row } = found;
  const texts = Object.values(row).filter((value) => typeof value === 'string');
  return {
    prepared: await prepareAgain(incomplete, row, parts),
    bytes: texts.reduce((bytes, text) => bytes + text.length, 0),
  };
}

/**
 * A redecide judges the result that is there: with the `now` that it was made with, its input is the same and calls nothing.
 * Where the input is another one by now, it is a redo like any other.
 */
async function prepareAgain(
  { change }: Incomplete,
  row: Row,
  { stored, program }: RowWorkParts,
): Promise<PreparedWhole> {
  if (change.event.source.redo?.reason === 'redecide') {
    const made = await stored.scoredInput(change.key);
    if (made !== undefined) {
      const again = prepareRow({ ...change, asOf: made.asOf }, row, program);
      if (again.kind === 'ask' && again.inputHash === made.inputHash) return again;
    }
  }
  return prepareRow(change, row, program);
}

/**
 * What was answered before for this input, or what the model answers now; where a redo has no money for that, what stands
 * beside the row is better than nothing.
 */
export async function askOnce(
  { record, change, row, inputHash }: Extract<Prepared, { kind: 'ask' }>,
  parts: RowWorkParts,
): Promise<AnsweredRow> {
  const { op, source } = change.event;
  const redo = redoWish(source.redo);
  // A row that was just inserted has no result yet; a refresh is there to ask again.
  const result =
    op === 'c' || redo?.period !== undefined
      ? undefined
      : await parts.stored.lookUp(change.key, row, inputHash);
  if (result !== undefined) {
    parts.answeredBefore(row);
    const outcome = { kind: 'ok', result, costNanoUsd: 0 } as const;
    return { outcome, attempts: 0, modelMs: 0, batchRows: 0, cached: true };
  }
  const answered = await parts.ask(row, () => record.assignment.current, redo);
  if (answered.outcome.kind !== 'over_budget' || source.redo === undefined) return answered;
  if (!stands(await parts.stored.scoredInput(change.key), source, inputHash)) return answered;
  await parts.unpaid.note(change.key, source.redo.reason);
  return { ...answered, outcome: { kind: 'kept' } };
}

function redoWish(redo: ChangeEvent['source']['redo']): RedoWish | undefined {
  if (redo === undefined) return undefined;
  return redo.reason === 'refresh' ? { period: redo.job } : {};
}
