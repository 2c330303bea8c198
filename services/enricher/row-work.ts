import type { EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import type { RowInput } from '../../shared/models/model.ts';
import { inputHashOf } from '../../shared/models/row-input.ts';
import type { AnsweredRow } from './ask.ts';
import type { CompletionReader } from './completion-read.ts';
import { type Incomplete, type Prepared, type PreparedWhole, prepareRow } from './prepare.ts';
import type { StoredResults } from './stored-results.ts';

export interface RowWorkParts {
  readonly program: EnrichmentProgram;
  readonly completion: Pick<CompletionReader, 'complete'>;
  readonly stored: Pick<StoredResults<unknown, Readonly<Record<string, unknown>>>, 'lookUp'>;
  /** `period`: a refresh asks again although nothing changed. */
  ask(row: RowInput, isWanted: () => boolean, period: string | undefined): Promise<AnsweredRow>;
}

/** The row as it is now, where the change did not carry all of it; gone, whatever removed it is newer than the change. */
export async function completeRow(
  { record, change }: Incomplete,
  { completion, program }: RowWorkParts,
): Promise<PreparedWhole> {
  const { epoch, txId } = change.event.source;
  const found = await completion.complete({ key: change.key, epoch, xid: txId });
  if (found.kind === 'gone') return { kind: 'deleted', record, change, cause: 'gone' };
  return prepareRow(change, found.row, program);
}

/** What was answered before for this input, or what the model answers now. */
export async function askOnce(
  { record, change, row }: Extract<Prepared, { kind: 'ask' }>,
  parts: RowWorkParts,
): Promise<AnsweredRow> {
  const result = await parts.stored.lookUp(change, row, inputHashOf(row));
  if (result !== undefined) {
    const outcome = { kind: 'ok', result, costNanoUsd: 0 } as const;
    return { outcome, attempts: 0, modelMs: 0, cached: true };
  }
  const { redo } = change.event.source;
  const period = redo?.reason === 'refresh' ? redo.job : undefined;
  return await parts.ask(row, () => record.assignment.current, period);
}
