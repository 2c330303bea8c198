import { type DatabaseClient, type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { plannedRows } from '../../../shared/postgres/estimate.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import type { EnrichmentTables } from '../../../shared/side-tables/enrichment-tables.ts';
import {
  INTERNAL_SCHEMA,
  keyColumn,
  REDO_JOBS,
  REDO_KEYS,
  stateTable,
  stateTableName,
} from '../../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { createRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { KEYS_MAX, type Portion } from './portions.ts';

export interface Refresh {
  readonly enrichment: string;
  readonly table: TableName;
  readonly everyMs: number;
  readonly portion: Portion;
}

export interface LastRefresh {
  readonly job: string;
  readonly isOpen: boolean;
  readonly ageMs: number;
  readonly rows: number;
}

export interface MadeRefresh {
  readonly job: string;
  readonly rows: number;
  /** How old the oldest of their outcomes is. */
  readonly oldestMs: number;
}

const LAST = `
  select job::text as job, finished_at is null as is_open, (extract(epoch from now() - created_at) * 1000)::float8 as age_ms,
         coalesce(estimated_rows, 0)::float8 as rows
    from ${REDO_JOBS} where reason = 'refresh' and enrichments = array[$1::text] order by ${REDO_JOBS}.job desc limit 1`;

export async function lastRefresh(client: Queryable, enrichment: string): Promise<LastRefresh | undefined> {
  const { rows } = await client.query<{ job: string; is_open: boolean; age_ms: string; rows: string }>(LAST, [
    enrichment,
  ]);
  return rows.map((row) => ({
    job: row.job,
    isOpen: row.is_open,
    ageMs: Number(row.age_ms),
    rows: Number(row.rows),
  }))[0];
}

/** About how many rows have an outcome. */
export const outcomesOf = (client: Queryable, enrichment: string): Promise<number> =>
  plannedRows(client, { schema: INTERNAL_SCHEMA, name: stateTableName(enrichment) });

/**
 * A job for the rows whose outcome is oldest, as far as it is older than the period: no more of them than the portion allows.
 * Undefined when there are none, or when somebody else made one since `last` was read.
 */
export async function createRefreshJob(
  client: DatabaseClient,
  refresh: Refresh,
  last: LastRefresh | undefined,
): Promise<MadeRefresh | undefined> {
  const { enrichment } = refresh;
  const tables = await readEnrichmentTables(client, enrichment);
  await client.query('begin');
  try {
    // A reader that was frozen and replaced may still come to this line.
    await client.query(`lock table ${REDO_JOBS} in share row exclusive mode`);
    const newest = await lastRefresh(client, enrichment);
    const isFirst = newest?.job === last?.job && newest?.isOpen !== true;
    const made = isFirst ? await listed(client, refresh, listOldest(tables)) : undefined;
    await client.query(made === undefined ? 'rollback' : 'commit');
    return made;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

async function listed(
  client: Queryable,
  { enrichment, table: { schema, name }, everyMs, portion }: Refresh,
  list: string,
): Promise<MadeRefresh | undefined> {
  const wanted = { schema, table: name, reason: 'refresh', enrichments: [enrichment], keys: [] } as const;
  const job = await createRedoJob(client, wanted);
  const values = [job, everyMs, KEYS_MAX, portion.share];
  const { rows: answer } = await client.query<{ rows: string; oldest_ms: string | null }>(list, values);
  const rows = Number(answer[0]?.rows ?? 0);
  if (rows === 0) return undefined;
  await client.query(`update ${REDO_JOBS} set estimated_rows = $2 where job = $1`, [job, rows]);
  return { job, rows, oldestMs: Number(answer[0]?.oldest_ms) };
}

/** What may come out otherwise without a commit: `when` may look at the time, too. Failures are mended by people. */
const AGES = "(status = 'scored' or status = 'skipped' and reason = 'when')";

function listOldest({ enrichment, keyColumns }: EnrichmentTables): string {
  const key = keyColumns.map(({ name }) => quoteIdentifier(keyColumn(name)));
  const state = stateTable(enrichment);
  return `with oldest as materialized (
    select array[${key.map((column) => `${column}::text`).join(', ')}] as key, as_of from ${state}
     where ${AGES} and as_of < now() - $2::float8 * interval '1 millisecond'
     order by as_of, ${key.join(', ')}
     limit least($3::bigint, (select ceil($4::float8 * count(*))::bigint from ${state} where ${AGES})))
, listed as (
    insert into ${REDO_KEYS} (job, place, key) select $1::bigint, row_number() over (order by as_of), key from oldest)
  select count(*)::float8 as rows, (extract(epoch from now() - min(as_of)) * 1000)::float8 as oldest_ms from oldest`;
}
