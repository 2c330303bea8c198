import { type Definition, enrichmentsOfTable } from '../../../shared/config/definition.ts';
import { type DatabaseClient, type Queryable, sqlState } from '../../../shared/postgres/connect.ts';
import { plannedRows } from '../../../shared/postgres/estimate.ts';
import { qualifiedName, REDO_JOBS, slotName } from '../../../shared/side-tables/names.ts';
import { createRedoJob, listRedoJobs } from '../../../shared/side-tables/redo-jobs.ts';

const JOBS_LOOKED_AT_MAX = 10_000;

/**
 * Rows that are there before the slot get their outcome by a job for each source that anybody enriches. A first start
 * that was broken off makes none twice, and neither do two at the same time.
 */
export async function createSnapshotJobs(client: DatabaseClient, definition: Definition): Promise<void> {
  await inTransaction(client, async () => {
    await client.query(`lock table ${REDO_JOBS} in share row exclusive mode`);
    // Who made the slot meanwhile has made the jobs before it, and may have finished them.
    const slot = slotName(definition.pipeline);
    const { rowCount } = await client.query('select from pg_replication_slots where slot_name = $1', [slot]);
    if (rowCount === 0) await createMissingJobs(client, definition);
  });
}

async function createMissingJobs(client: Queryable, definition: Definition): Promise<void> {
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
    const estimatedRows = await plannedRows(client, table);
    await createRedoJob(client, {
      schema: table.schema,
      table: table.name,
      reason: 'snapshot',
      enrichments,
      estimatedRows,
    });
  }
}

const PRIVILEGE_MISSING = '42501';

/**
 * Once the slot is there, whatever comes into an empty table comes through the stream: its job has nothing to read, and would
 * only give the first rows a second outcome.
 */
export async function forgetEmptySnapshots(client: DatabaseClient, definition: Definition): Promise<void> {
  for (const { table } of Object.values(definition.sources)) {
    const forget = inTransaction(client, async () => {
      // A table whose rows a policy hides from us looks empty: an error instead, and its job says why it fails.
      await client.query('set local row_security = off');
      await client.query(
        `delete from ${REDO_JOBS}
          where table_schema = $1 and table_name = $2 and reason = 'snapshot' and state = 'waiting' and rows_done = 0
            and not exists (select from ${qualifiedName(table.schema, table.name)})`,
        [table.schema, table.name],
      );
    });
    await forget.catch((error: unknown) => {
      if (sqlState(error) !== PRIVILEGE_MISSING) throw error;
    });
  }
}

async function inTransaction(client: DatabaseClient, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
