import type { Definition } from '../../../shared/config/definition.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { estimateRows } from '../../../shared/postgres/estimate.ts';
import { createRedoJob, listRedoJobs } from '../../../shared/side-tables/redo-jobs.ts';

const JOBS_LOOKED_AT_MAX = 10_000;

/**
 * Rows that are there before the slot get their outcome by a job for each source that anybody enriches. Tables that turn
 * out to be empty leave no job; a first start that was broken off makes none twice.
 */
export async function createSnapshotJobs(client: DatabaseClient, definition: Definition): Promise<void> {
  const jobs = await listRedoJobs(client, JOBS_LOOKED_AT_MAX);
  for (const [source, { table }] of Object.entries(definition.sources)) {
    const enrichments = Object.entries(definition.enrichments)
      .filter(([, { from }]) => from === source)
      .map(([name]) => name);
    const isMade = jobs.some(
      ({ schema, table: name, reason, finishedAt }) =>
        reason === 'snapshot' && finishedAt === null && schema === table.schema && name === table.name,
    );
    if (enrichments.length === 0 || isMade) continue;
    const estimatedRows = await estimateRows(client, table);
    await createRedoJob(client, {
      schema: table.schema,
      table: table.name,
      reason: 'snapshot',
      enrichments,
      estimatedRows,
    });
  }
}
