import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { keyColumn, stateTable } from '../../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { formatCount } from '../view/numbers.ts';

/** What an audit calls right, since the outcome says so itself: rows that would lose the score that readers see. */
async function countUnscored(
  client: Queryable,
  enrichment: string,
): Promise<{ readonly failed: number; readonly overBudget: number }> {
  const { keyColumns } = await readEnrichmentTables(client, enrichment);
  const key = keyColumns.map(({ name }) => quoteIdentifier(keyColumn(name))).join(', ');
  const { rows } = await client.query<{ failed: string; over_budget: string }>(
    `select count(*) filter (where other.status = 'failed')::text as failed,
            count(*) filter (where other.status = 'over_budget')::text as over_budget
       from ${stateTable(enrichment)} as own join ${stateTable(shadowOf(enrichment))} as other using (${key})
      where own.status = 'scored' and other.status in ('failed', 'over_budget')`,
  );
  return { failed: Number(rows[0]?.failed), overBudget: Number(rows[0]?.over_budget) };
}

/** @throws AfterglowError cutover_refused */
export async function requireScores(
  client: Queryable,
  enrichment: string,
  unscoredMax: number,
): Promise<void> {
  const { failed, overBudget } = await countUnscored(client, enrichment);
  const unscored = failed + overBudget;
  if (unscored <= unscoredMax) return;
  const shadow = shadowOf(enrichment);
  throw new AfterglowError(
    'cutover_refused',
    `${formatCount(unscored)} rows with a score of ${enrichment} have none of ${shadow}: ${formatCount(failed)} failed, ${formatCount(overBudget)} over budget.`,
    {
      remedy: `Raise budget.shadow_daily_usd and wait for its jobs, or run \`afterglow dead replay ${shadow}\`; to lose these scores all the same, give \`--unscored-max ${unscored}\`.`,
    },
  );
}
