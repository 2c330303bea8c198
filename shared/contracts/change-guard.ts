// The hot path's check of a change event: by hand, because the schema costs ten times as much, and held equal to the
// schema by a property test.
import type { ChangeEvent, ColumnValue } from './events.ts';
import { redoReason } from './events.ts';

const OPERATIONS = new Set(['c', 'u', 'd', 'r', 't']);
const SNAPSHOTS = new Set(['true', 'last', 'false', 'incremental']);
const REASONS = new Set<unknown>(redoReason.options);
const LSN = /^[0-9A-F]{8}\/[0-9A-F]{8}$/;

type Fields = Readonly<Record<string, unknown>>;

/** True for what the schema accepts; fields it does not know are ignored. */
export function isChangeEvent(value: unknown): value is ChangeEvent {
  if (!isFields(value)) return false;
  return (
    isRowOrNull(value.before) &&
    isRowOrNull(value.after) &&
    OPERATIONS.has(value.op as string) &&
    isInteger(value.ts_ms) &&
    isInteger(value.ts_us) &&
    isSource(value.source)
  );
}

function isSource(source: unknown): boolean {
  return (
    isFields(source) &&
    isCount(source.epoch) &&
    typeof source.commit_lsn === 'string' &&
    LSN.test(source.commit_lsn) &&
    isCount(source.event_index) &&
    source.connector === 'postgresql' &&
    typeof source.version === 'string' &&
    typeof source.name === 'string' &&
    typeof source.db === 'string' &&
    typeof source.schema === 'string' &&
    typeof source.table === 'string' &&
    SNAPSHOTS.has(source.snapshot as string) &&
    isInteger(source.ts_ms) &&
    isInteger(source.ts_us) &&
    (source.txId === null || isInteger(source.txId)) &&
    (source.lsn === null || isInteger(source.lsn)) &&
    (source.sequence === null || typeof source.sequence === 'string') &&
    (!('unchanged' in source) || isTexts(source.unchanged)) &&
    (!('omitted' in source) || isTexts(source.omitted)) &&
    isCount(source.schema_version) &&
    source.schema_version >= 1 &&
    (!('redo' in source) || isRedo(source.redo))
  );
}

function isRedo(redo: unknown): boolean {
  return (
    isFields(redo) && isTexts(redo.enrichments) && REASONS.has(redo.reason) && typeof redo.job === 'string'
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isCount = (value: unknown): value is number => isInteger(value) && value >= 0;
const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

function isRowOrNull(value: unknown): boolean {
  if (value === null) return true;
  if (!isFields(value)) return false;
  for (const name in value) if (!isColumnValue(value[name])) return false;
  return true;
}

function isColumnValue(value: unknown): value is ColumnValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    default:
      return value === null || (Array.isArray(value) && value.every(isColumnValue));
  }
}
