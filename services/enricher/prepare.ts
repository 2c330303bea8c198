import { isChangeEvent } from '../../shared/contracts/change-guard.ts';
import type { ChangeEvent, Row, RowKey } from '../../shared/contracts/events.ts';
import { ROW_KEY_CHARACTERS_MAX } from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { RowInput } from '../../shared/models/model.ts';
import { inputHashOf, readRow } from '../../shared/models/row-input.ts';

/** A change that asks for an outcome, with what the outcome needs of it. */
export interface Change {
  readonly record: FetchedRecord;
  readonly keyText: string;
  readonly key: RowKey;
  /** Without the row, which nobody reads again: until the outcome is published it would only fill the heap. */
  readonly event: Pick<ChangeEvent, 'op' | 'source'>;
  /** What `now` is, where it is not the commit of the change: a result that is judged anew keeps its own. */
  readonly asOf?: string;
}

/** The change does not carry everything that its outcome depends on: the row, or what it was judged by, has to be read. */
export interface Incomplete {
  readonly kind: 'incomplete';
  readonly record: FetchedRecord;
  readonly change: Change;
  /** Where the change carries all that is read of it, and only what it was judged by is missing. */
  readonly row?: Row;
}

/** What is known of a record before anything is asked for. */
export type Prepared = PreparedWhole | Incomplete;

/** The same, once all its columns are there. */
export type PreparedWhole =
  /** Not addressed to this enrichment, or a tombstone: no outcome. */
  | { readonly kind: 'pass'; readonly record: FetchedRecord }
  | {
      readonly kind: 'ask';
      readonly record: FetchedRecord;
      readonly change: Change;
      readonly row: RowInput;
      readonly inputHash: string;
    }
  | {
      readonly kind: 'skipped';
      readonly record: FetchedRecord;
      readonly change: Change;
      readonly reason: 'when';
    }
  | {
      readonly kind: 'failed';
      readonly record: FetchedRecord;
      readonly change: Change;
      readonly fault: Fault;
    }
  | {
      readonly kind: 'deleted';
      readonly record: FetchedRecord;
      readonly change: Change;
      readonly cause: 'delete' | 'gone';
    }
  | { readonly kind: 'truncated'; readonly record: FetchedRecord; readonly change: Change }
  /** Not even its position can be read: archived, no outcome can be given. */
  | { readonly kind: 'unreadable'; readonly record: FetchedRecord; readonly fault: Fault };

/** What a worker has to know of its enrichment to prepare a row. */
export interface Preparation {
  readonly enrichment: string;
  readonly program: EnrichmentProgram;
  /** The source's key, as the side tables have it. */
  readonly keyColumns: readonly string[];
}

/**
 * Pure: the outcome of a change as far as it can be told without asking anybody. `condemned`: why a row is failed without
 * being worked on.
 */
export function prepare(
  record: FetchedRecord,
  { enrichment, program, keyColumns }: Preparation,
  condemned?: Fault,
): Prepared {
  if (record.value === null) return { kind: 'pass', record };
  const read = readChange(record, record.value, keyColumns);
  if (read instanceof Fault) return { kind: 'unreadable', record, fault: read };
  const { change, event } = read;
  const { redo } = event.source;
  if (redo !== undefined && !redo.enrichments.includes(enrichment)) return { kind: 'pass', record };
  if (event.op === 't') return { kind: 'truncated', record, change };
  if (event.op === 'd')
    return { kind: 'deleted', record, change, cause: redo === undefined ? 'delete' : 'gone' };
  if (condemned !== undefined) return { kind: 'failed', record, change, fault: condemned };
  const row = event.after;
  if (row === null) {
    const fault = new Fault('input', 'no_row', 'the change carries no row');
    return { kind: 'failed', record, change, fault };
  }
  if (!isWhole(event, row, program)) return { kind: 'incomplete', record, change };
  return redo?.reason === 'redecide'
    ? { kind: 'incomplete', record, change, row }
    : prepareRow(change, row, program);
}

/** Values that were left alone out of line, left out because the record was too large, or not known when it was made. */
function isWhole({ source }: ChangeEvent, row: Row, { columns }: EnrichmentProgram): boolean {
  const { unchanged, omitted } = source;
  return columns.every(
    (column) => column in row && unchanged?.includes(column) !== true && omitted?.includes(column) !== true,
  );
}

/** Pure: the same for a row with all its columns. */
export function prepareRow(change: Change, row: Row, program: EnrichmentProgram): PreparedWhole {
  const { record, event } = change;
  const nowMs = change.asOf === undefined ? event.source.ts_ms : Date.parse(change.asOf);
  const read = readRow(program, row, nowMs);
  switch (read.kind) {
    case 'ask':
      return { kind: 'ask', record, change, row: read.input, inputHash: inputHashOf(read.input) };
    case 'skipped':
      return { kind: 'skipped', record, change, reason: 'when' };
    case 'failed':
      return { kind: 'failed', record, change, fault: read.fault };
  }
}

function readChange(
  record: FetchedRecord,
  value: Buffer,
  keyColumns: readonly string[],
): { readonly change: Change; readonly event: ChangeEvent } | Fault {
  try {
    const event: unknown = JSON.parse(value.toString('utf8'));
    if (!isChangeEvent(event)) return new Fault('undecodable', 'shape', 'not a change event');
    const keyText = record.key?.toString('utf8') ?? '{}';
    if (keyText.length > ROW_KEY_CHARACTERS_MAX)
      return new Fault('undecodable', 'key', 'the key is too long');
    const key: unknown = JSON.parse(keyText);
    // A truncate is of no row; everything else is of exactly one, or the side tables could not take its outcome.
    const columns = event.op === 't' ? [] : keyColumns;
    if (!isKeyOf(columns, key)) return new Fault('undecodable', 'key', 'not the key of a row of this source');
    const { op, source } = event;
    return { change: { record, keyText, key, event: { op, source } }, event };
  } catch {
    return new Fault('undecodable', 'json', 'not JSON');
  }
}

function isKeyOf(columns: readonly string[], value: unknown): value is RowKey {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const parts = Object.entries(value);
  return (
    parts.length === columns.length &&
    parts.every(
      ([name, part]) =>
        columns.includes(name) &&
        (typeof part === 'string' || typeof part === 'number' || typeof part === 'boolean'),
    )
  );
}
