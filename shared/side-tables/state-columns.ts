import type { TypedColumn } from './enrichment-tables.ts';

/** Columns of the state table in the order in which they are sent, after the key. The first five are the fence. */
export const STATE_COLUMNS: readonly TypedColumn[] = [
  { name: 'epoch', type: 'integer' },
  { name: 'commit_lsn', type: 'pg_lsn' },
  { name: 'event_index', type: 'integer' },
  { name: 'revision', type: 'integer' },
  { name: 'status', type: 'text' },
  { name: 'reason', type: 'text' },
  { name: 'input_hash', type: 'bytea' },
  { name: 'as_of', type: 'timestamp with time zone' },
  { name: 'committed_at', type: 'timestamp with time zone' },
  { name: 'failure_kind', type: 'text' },
  { name: 'failure_code', type: 'text' },
  { name: 'failure_message', type: 'text' },
  { name: 'dead_letter_id', type: 'text' },
];
export const FENCE_COLUMNS = STATE_COLUMNS.slice(0, 5);
