import type { Position } from '../contracts/position.ts';
import { formatLsn, parseLsn } from '../contracts/position.ts';
import { type Queryable, quoteIdentifier } from '../postgres/connect.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { keyColumn, stateTable } from './names.ts';
import type { KeyTexts } from './redo-jobs.ts';

/** The state table's row of a key. */
export interface StoredState {
  readonly position: Position;
  readonly revision: number;
  readonly status: string;
  readonly reason: string | null;
  /** Begin of the transaction that wrote it. */
  readonly writtenAtMs: number;
  readonly committedAtMs: number;
}

interface StateRow {
  readonly epoch: number;
  readonly lsn: string;
  readonly event_index: number;
  readonly revision: number;
  readonly status: string;
  readonly reason: string | null;
  readonly written_ms: string;
  readonly committed_ms: string;
}

export async function readStoredState(
  client: Queryable,
  { enrichment, keyColumns }: EnrichmentTables,
  key: KeyTexts,
): Promise<StoredState | undefined> {
  const same = keyColumns.map(
    ({ name, type }, place) => `${quoteIdentifier(keyColumn(name))} = $${place + 1}::text::${type}`,
  );
  const { rows } = await client.query<StateRow>(
    `select epoch, commit_lsn::text as lsn, event_index, revision, status, coalesce(reason, failure_kind) as reason,
            extract(epoch from updated_at) * 1000 as written_ms, extract(epoch from committed_at) * 1000 as committed_ms
       from ${stateTable(enrichment)} where ${same.join(' and ')}`,
    [...key],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { epoch, lsn, event_index, revision, status, reason } = row;
  return {
    position: { epoch, commit_lsn: formatLsn(parseLsn(lsn)), event_index },
    revision,
    status,
    reason,
    writtenAtMs: Number(row.written_ms),
    committedAtMs: Number(row.committed_ms),
  };
}
