// Rows for which the day's money was spent, whether they got nothing or kept what they had, and the job that reads them again.
import type { Queryable } from '../postgres/connect.ts';
import { quoteIdentifier } from '../postgres/connect.ts';
import type { TableName } from '../postgres/published.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { keyColumn, OVER_BUDGET_LOCK, REDO_JOBS, REDO_KEYS, stateTable, UNPAID_REDOS } from './names.ts';
import { createRedoJob } from './redo-jobs.ts';

/** More than that wait for the next job: the list of one is written in one transaction, which others wait for. */
const ROWS_MAX = 100_000;

export async function hasOverBudget(client: Queryable, enrichment: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `(select from ${stateTable(enrichment)} where status = 'over_budget' limit 1)
     union all (select from ${UNPAID_REDOS} where enrichment = $1 limit 1) limit 1`,
    [enrichment],
  );
  return rowCount === 1;
}

/** Inside a transaction. Returns the number of the job; undefined: there are no such rows, or a job is at them already. */
export async function createOverBudgetJob(
  client: Queryable,
  { enrichment, keyColumns }: EnrichmentTables,
  source: TableName,
  rowsMax = ROWS_MAX,
): Promise<string | undefined> {
  await client.query('select pg_advisory_xact_lock($1, hashtext($2))', [OVER_BUDGET_LOCK, enrichment]);
  const { rowCount: open } = await client.query(
    `select from ${REDO_JOBS} where reason = 'over_budget' and $1 = any(enrichments)
        and state in ('waiting', 'running', 'paused') limit 1`,
    [enrichment],
  );
  if (open !== 0 || !(await hasOverBudget(client, enrichment))) return undefined;
  const job = await createRedoJob(client, {
    schema: source.schema,
    table: source.name,
    reason: 'over_budget',
    enrichments: [enrichment],
    keys: [],
  });
  const texts = keyColumns.map(({ name }) => `${quoteIdentifier(keyColumn(name))}::text`);
  const keys = keyColumns.map(({ name }) => quoteIdentifier(keyColumn(name)));
  await client.query(
    `with over_budget as (
       select array[${texts.join(', ')}] as key, row_number() over (order by ${keys.join(', ')}) as place
         from ${stateTable(enrichment)} where status = 'over_budget' order by ${keys.join(', ')} limit $2
     ), unpaid as (
       delete from ${UNPAID_REDOS} where enrichment = $3
          and key in (select key from ${UNPAID_REDOS} where enrichment = $3 limit $2) returning key
     ), wanted as (
       select key, min(place) as place from (
         select key, place from over_budget union all select key, null from unpaid
       ) as each group by key
     ), listed as (
       insert into ${REDO_KEYS} (job, place, key)
       select $1, row_number() over (order by place, key), key from wanted
       returning 1
     )
     update ${REDO_JOBS} set estimated_rows = (select count(*) from listed) where job = $1`,
    [job, rowsMax, enrichment],
  );
  return job;
}
