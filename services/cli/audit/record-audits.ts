import { type Queryable, sqlState } from '../../../shared/postgres/connect.ts';
import { AUDITS } from '../../../shared/side-tables/names.ts';
import { type Audited, countOf } from './audit-lines.ts';

const RECORD = `
  insert into ${AUDITS} (enrichment, since_seconds, rows, missing, stale, orphaned, waiting, outdated)
  select * from unnest($1::text[], $2::int[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[])
  on conflict (enrichment) do update
     set ended_at = now(), since_seconds = excluded.since_seconds, rows = excluded.rows, missing = excluded.missing,
         stale = excluded.stale, orphaned = excluded.orphaned, waiting = excluded.waiting, outdated = excluded.outdated`;

/** An auditor need not have the right to write here, and the table comes with the next `init`. */
const NOT_RECORDED = new Set(['42501', '42P01']);

/** False where it cannot be kept: the audit is no worse for it. */
export async function recordAudits(
  client: Queryable,
  audited: readonly Audited[],
  sinceMs: number | undefined,
): Promise<boolean> {
  const sinceSeconds = sinceMs === undefined ? null : Math.ceil(sinceMs / 1_000);
  const all = <Value>(value: (each: Audited) => Value): readonly Value[] => audited.map(value);
  try {
    await client.query(RECORD, [
      all(({ enrichment }) => enrichment),
      all(() => sinceSeconds),
      all(({ rows }) => rows),
      all((each) => countOf(each, 'missing')),
      all((each) => countOf(each, 'stale')),
      all((each) => countOf(each, 'orphaned')),
      all(({ waiting }) => waiting),
      all(({ outdated }) => outdated),
    ]);
    return true;
  } catch (error) {
    if (NOT_RECORDED.has(sqlState(error) ?? '')) return false;
    throw error;
  }
}
