import type { FailedRow } from '../../../shared/side-tables/failures.ts';
import { CAPTURE, type CaptureLetter } from './capture-letters.ts';

/** A row without its result, or a change without its row. */
export type Failure = FailedRow | CaptureLetter;
export const isLetter = (failure: Failure): failure is CaptureLetter => 'commitLsn' in failure;

/** Enough to tell failures apart; `show`, `replay` and `drop` take it. */
const SHORT_ID_CHARACTERS = 12;

export const FAILURE_COLUMNS = ['id', 'failed at', 'enrichment', 'key', 'kind', 'code', 'message'];

/** One failure as a row of the list. */
export function failureCells(failure: Failure): Readonly<Record<string, string>> {
  return {
    id: failure.id.slice(0, SHORT_ID_CHARACTERS),
    'failed at': failure.failedAt.slice(0, 19).replace('T', ' '),
    enrichment: isLetter(failure) ? CAPTURE : failure.enrichment,
    key: isLetter(failure) ? changeText(failure) : keyText(failure.key),
    kind: failure.kind,
    code: failure.code,
    message: failure.message,
  };
}

export function failureJson(failure: Failure): Readonly<Record<string, unknown>> {
  const { id, key, kind, code, message } = failure;
  if (isLetter(failure)) {
    const { table, commitLsn, failedAt } = failure;
    return {
      id,
      enrichment: null,
      table,
      key,
      kind,
      code,
      message,
      commit_lsn: commitLsn,
      failed_at: failedAt,
    };
  }
  const { enrichment, committedAt, failedAt } = failure;
  return { id, enrichment, key, kind, code, message, committed_at: committedAt, failed_at: failedAt };
}

export const keyText = (key: NonNullable<Failure['key']>): string =>
  Object.entries(key)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** "public.reviews id=7"; without a key nothing names the row. */
export const changeText = ({ table, key }: CaptureLetter): string =>
  [table ?? 'unknown table', ...(key === null ? [] : [keyText(key)])].join(' ');
