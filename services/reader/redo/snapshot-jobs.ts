import { type Definition, enrichmentsOfTable } from '../../../shared/config/definition.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { estimateRows } from '../../../shared/postgres/estimate.ts';
import { qualifiedName, REDO_JOBS } from '../../../shared/side-tables/names.ts';
import { createRedoJob, listRedoJobs } from '../../../shared/side-tables/redo-jobs.ts';

const JOBS_LOOKED_AT_MAX = 10_000;

/**
 * Rows that are there before the slot get their outcome by a job for each source that anybody enriches. A first start
 * that was broken off makes none twice.
 */
export async function createSnapshotJobs(client: DatabaseClient, definition: Definition): Promise<void> {
  const jobs = await listRedoJobs(client, JOBS_LOOKED_AT_MAX);
  for (const { table } of Object.values(definition.sources)) {
    const made = jobs.filter(
      ({ schema, table: name, reason, finishedAt }) =>
        reason === 'snapshot' && finishedAt === null && schema === table.schema && name === table.name,
    );
    // What joined the definition since a start that was broken off is in none of its jobs.
    const enrichments = enrichmentsOfTable(definition, table).filter(
      (enrichment) => !made.some((job) => job.enrichments.includes(enrichment)),
    );
    if (enrichments.length === 0) continue;
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

/**
 * Once the slot is there, whatever comes into an empty table comes through the stream: its job has nothing to read, and would
 * only give the first rows a second outcome.
 */
export async function forgetEmptySnapshots(client: DatabaseClient, definition: Definition): Promise<void> {
  for (const { table } of Object.values(definition.sources)) {
    await client.query(
      `delete from ${REDO_JOBS}
        where table_schema = $1 and table_name = $2 and reason = 'snapshot' and state = 'waiting' and rows_done = 0
          and not exists (select from ${qualifiedName(table.schema, table.name)})`,
      [table.schema, table.name],
    );
  }
}
