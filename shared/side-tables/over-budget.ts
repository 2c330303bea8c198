// Rows for which the day's money was spent, whether they got nothing or kept what they had, and the job that reads them again.
import type { Queryable } from '../postgres/connect.ts';
import { quoteIdentifier } from '../postgres/connect.ts';
import type { TableName } from '../postgres/published.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { keyColumn, OVER_BUDGET_LOCK, REDO_JOBS, REDO_KEYS, stateTable, UNPAID_REDOS } from './names.ts';
import { createRedoJob, type KeyTexts } from './redo-jobs.ts';

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

/** Longer than results take from the end of a job to the tables, and seldom enough for a row that no day's money is enough for. */
const TRIED_AGAIN_AFTER = "interval '1 hour'";

/** Not when they are listed: a job that fails or is cancelled has not read them all. Whoever is noted again belongs to no job. */
const FORGET_READ = `
  delete from ${UNPAID_REDOS} as noted using ${REDO_JOBS} as ended
   where noted.enrichment = $1 and noted.job = ended.job and ended.state = 'done'`;

const LISTED_BY = `
  update ${UNPAID_REDOS} as noted set job = listed.job from ${REDO_KEYS} as listed
   where noted.enrichment = $1 and listed.job = $2 and noted.key = listed.key`;

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
  if (open !== 0) return undefined;
  // Before the tables of results, as a cut-over does: with one of them in hand we would wait for it, and it for us.
  await client.query(`lock table ${UNPAID_REDOS} in share row exclusive mode`);
  await client.query(FORGET_READ, [enrichment]);
  const texts = `array[${keyColumns.map(({ name }) => `${quoteIdentifier(keyColumn(name))}::text`).join(', ')}]`;
  const keys = keyColumns.map(({ name }) => quoteIdentifier(keyColumn(name))).join(', ');
  const { rows } = await client.query<{ key: string }>(
    `with tried as materialized (
       select key from ${REDO_JOBS} join ${REDO_KEYS} using (job)
        where reason = 'over_budget' and $1 = any(enrichments)
          and coalesce(finished_at, now()) > greatest(now() - ${TRIED_AGAIN_AFTER}, date_trunc('day', now(), 'UTC'))
     ), over as (
       select ${texts} as key, row_number() over (order by ${keys}) as place
         from ${stateTable(enrichment)}
        where status = 'over_budget' and not exists (select from tried where key = ${texts})
        order by ${keys} limit $2
     ), unpaid as (
       select key from ${UNPAID_REDOS} as noted
        where enrichment = $1 and not exists (select from tried where tried.key = noted.key) limit $2
     )
     select array_to_json(key)::text as key from (
       select key, place from over union all select key, null from unpaid
     ) as each group by key order by min(place), key`,
    [enrichment, rowsMax],
  );
  if (rows.length === 0) return undefined;
  const job = await createRedoJob(client, {
    schema: source.schema,
    table: source.name,
    reason: 'over_budget',
    enrichments: [enrichment],
    keys: rows.map(({ key }) => JSON.parse(key) as KeyTexts),
  });
  await client.query(LISTED_BY, [enrichment, job]);
  return job;
}
