import { type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import {
  keyColumn,
  qualifiedName,
  REDO_JOBS,
  REDO_KEYS,
  stateTable,
} from '../../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { createRedoJob, type NewRedoJob } from '../../../shared/side-tables/redo-jobs.ts';

export interface Sweep {
  readonly table: TableName;
  readonly reason: NewRedoJob['reason'];
  readonly enrichments: readonly string[];
  /** SQL over the key: only these rows can be gone; null: any. */
  readonly within: string | null;
  /** SQL of a query for further keys. */
  readonly further?: string;
}

/**
 * A job for every key that has a result and no row: a scan of the table never meets those that were deleted without a word.
 * Undefined when there is none.
 */
export async function createSweepJob(client: Queryable, sweep: Sweep): Promise<string | undefined> {
  const { table, reason, enrichments } = sweep;
  const orphans: string[] = [];
  for (const enrichment of enrichments) orphans.push(await orphansOf(client, enrichment, sweep));
  if (sweep.further !== undefined) orphans.push(sweep.further);
  const { schema, name } = table;
  const job = await createRedoJob(client, { schema, table: name, reason, enrichments, keys: [] });
  const { rowCount } = await client.query(
    `insert into ${REDO_KEYS} (job, place, key)
     select $1, row_number() over (order by orphan.key), orphan.key from (${orphans.join(' union ')}) as orphan(key)`,
    [job],
  );
  if (rowCount === 0) {
    await client.query(`delete from ${REDO_JOBS} where job = $1`, [job]);
    return undefined;
  }
  await client.query(`update ${REDO_JOBS} set estimated_rows = $2 where job = $1`, [job, rowCount]);
  return job;
}

async function orphansOf(
  client: Queryable,
  enrichment: string,
  { table, within }: Pick<Sweep, 'table' | 'within'>,
): Promise<string> {
  const { keyColumns } = await readEnrichmentTables(client, enrichment);
  const names = keyColumns.map(({ name }) => ({
    ours: quoteIdentifier(keyColumn(name)),
    theirs: quoteIdentifier(name),
  }));
  const renamed = names.map(({ ours, theirs }) => `${ours} as ${theirs}`).join(', ');
  const key = names.map(({ theirs }) => `state.${theirs}::text`).join(', ');
  const same = names.map(({ theirs }) => `source.${theirs} = state.${theirs}`).join(' and ');
  // On both sides, so that the planner need not look into partitions that cannot hold such a row.
  const bound = within === null ? '' : ` and (${within})`;
  return `select array[${key}] from (select ${renamed} from ${stateTable(enrichment)} where not deleted) state
           where not exists (select from ${qualifiedName(table.schema, table.name)} source where ${same}${bound})${bound}`;
}
