// The redo jobs that close a gap: first every row of the tables concerned, then every key that has a result and no row.
import { type Definition, enrichmentsOfTable } from '../../../shared/config/definition.ts';
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
import { createRedoJob } from '../../../shared/side-tables/redo-jobs.ts';

/** Returns the numbers of the jobs. */
export async function createGapJobs(
  client: Queryable,
  definition: Definition,
  tables: readonly TableName[],
): Promise<readonly string[]> {
  const jobs: string[] = [];
  for (const table of tables) {
    const enrichments = enrichmentsOfTable(definition, table);
    jobs.push(
      await createRedoJob(client, { schema: table.schema, table: table.name, reason: 'gap', enrichments }),
    );
  }
  return jobs;
}

/** A scan of the table never meets the rows that were deleted in the gap: their keys are those that only we still have. */
export async function createSweepJobs(
  client: Queryable,
  definition: Definition,
  tables: readonly TableName[],
): Promise<readonly string[]> {
  const jobs: string[] = [];
  for (const table of tables) {
    const enrichments = enrichmentsOfTable(definition, table);
    if (enrichments.length === 0) continue;
    const orphans: string[] = [];
    for (const enrichment of enrichments) orphans.push(await orphansOf(client, enrichment, table));
    const job = await createRedoJob(client, {
      schema: table.schema,
      table: table.name,
      reason: 'gap',
      enrichments,
      keys: [],
    });
    const { rowCount } = await client.query(
      `insert into ${REDO_KEYS} (job, place, key)
       select $1, row_number() over (order by orphan.key), orphan.key from (${orphans.join(' union ')}) as orphan(key)`,
      [job],
    );
    await client.query(`update ${REDO_JOBS} set estimated_rows = $2 where job = $1`, [job, rowCount]);
    jobs.push(job);
  }
  return jobs;
}

async function orphansOf(client: Queryable, enrichment: string, table: TableName): Promise<string> {
  const { keyColumns } = await readEnrichmentTables(client, enrichment);
  const names = keyColumns.map(({ name }) => ({
    ours: quoteIdentifier(keyColumn(name)),
    theirs: quoteIdentifier(name),
  }));
  const key = names.map(({ ours }) => `state.${ours}::text`).join(', ');
  const same = names.map(({ ours, theirs }) => `source.${theirs} = state.${ours}`).join(' and ');
  return `select array[${key}] from ${stateTable(enrichment)} state
           where not state.deleted
             and not exists (select from ${qualifiedName(table.schema, table.name)} source where ${same})`;
}
