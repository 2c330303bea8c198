import type { EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import type { RowInput } from '../../shared/models/model.ts';
import { inputHashOf } from '../../shared/models/row-input.ts';
import type { AnsweredRow } from './ask.ts';
import type { CompletionReader } from './completion-read.ts';
import { type Incomplete, type Prepared, prepareRow } from './prepare.ts';
import type { Completed } from './settle.ts';
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
): Promise<Completed> {
  const { epoch, txId } = change.event.source;
  const found = await completion.complete({ key: change.key, epoch, xid: txId });
  if (found.kind === 'gone')
    return { prepared: { kind: 'deleted', record, change, cause: 'gone' }, bytes: 0 };
  const { row } = found;
  const texts = Object.values(row).filter((value) => typeof value === 'string');
  return {
    prepared: prepareRow(change, row, program),
    bytes: texts.reduce((bytes, text) => bytes + text.length, 0),
  };
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
