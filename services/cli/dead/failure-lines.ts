import type { FailedRow } from '../../../shared/side-tables/failures.ts';

/** Enough to tell failures apart; `show`, `replay` and `drop` take it. */
const SHORT_ID_CHARACTERS = 12;

export const FAILURE_COLUMNS = ['id', 'failed at', 'enrichment', 'key', 'kind', 'code', 'message'];

/** One failure as a row of the list. */
export function failureCells(failure: FailedRow): Readonly<Record<string, string>> {
  return {
    id: failure.id.slice(0, SHORT_ID_CHARACTERS),
    'failed at': failure.failedAt.slice(0, 19).replace('T', ' '),
    enrichment: failure.enrichment,
    key: keyText(failure.key),
    kind: failure.kind,
    code: failure.code,
    message: failure.message,
  };
}

export function failureJson(failure: FailedRow): Readonly<Record<string, unknown>> {
  return {
    id: failure.id,
    enrichment: failure.enrichment,
    key: failure.key,
    kind: failure.kind,
    code: failure.code,
    message: failure.message,
    committed_at: failure.committedAt,
    failed_at: failure.failedAt,
  };
}

export const keyText = (key: FailedRow['key']): string =>
  Object.entries(key)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
