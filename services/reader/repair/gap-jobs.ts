// The redo jobs that close a gap: first every row of the tables concerned, then every key that has a result and no row.
import { type Definition, enrichmentsOfTable } from '../../../shared/config/definition.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import { collectedKeys } from '../../../shared/side-tables/gap-keys.ts';
import type { Gap } from '../../../shared/side-tables/gaps.ts';
import { createRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { createSweepJob } from '../redo/sweep-job.ts';

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

/** Only of tables that have results to lose. */
export async function createSweepJobs(
  client: Queryable,
  definition: Definition,
  { id, tables }: Gap,
): Promise<readonly string[]> {
  const jobs: string[] = [];
  for (const table of tables) {
    const enrichments = enrichmentsOfTable(definition, table);
    if (enrichments.length === 0) continue;
    const further = collectedKeys(id, enrichments);
    const job = await createSweepJob(client, { table, reason: 'gap', enrichments, within: null, further });
    if (job !== undefined) jobs.push(job);
  }
  return jobs;
}
