// The redo jobs that close a gap: first every row of the tables concerned, then every key that has a result and no row.
import { type Definition, enrichmentsOfTable } from '../../../shared/config/definition.ts';
import type { DatabaseClient, Queryable } from '../../../shared/postgres/connect.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import type { Gap } from '../../../shared/side-tables/gaps.ts';
import { createRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import {
  createCollectedKeysJobs,
  createSweepJob,
  findOrphan,
  type OrphanFound,
  type Sweep,
} from '../redo/sweep-job.ts';

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

export interface GapSweep {
  readonly sweep: Sweep;
  /** Undefined: every key with a result in the side tables has its row. */
  readonly orphan: OrphanFound | undefined;
}

/** Looks for what is left over, of tables that have results to lose. Outside of a transaction: it may take long. */
export async function findGapOrphans(
  client: Queryable,
  definition: Definition,
  { tables }: Gap,
): Promise<readonly GapSweep[]> {
  const found: GapSweep[] = [];
  for (const table of tables) {
    const enrichments = enrichmentsOfTable(definition, table);
    if (enrichments.length === 0) continue;
    const sweep: Sweep = { table, reason: 'gap', enrichments, within: null };
    found.push({ sweep, orphan: await findOrphan(client, sweep) });
  }
  return found;
}

/** For what was collected from the topics, a job for each portion: no write transaction may last. Returns their numbers. */
export async function createCollectedJobs(
  client: DatabaseClient,
  { id }: Gap,
  found: readonly GapSweep[],
): Promise<readonly string[]> {
  const jobs: string[] = [];
  for (const { sweep } of found) jobs.push(...(await createCollectedKeysJobs(client, sweep, id)));
  return jobs;
}

/** Returns the numbers of the jobs. */
export async function createSweepJobs(
  client: Queryable,
  found: readonly GapSweep[],
): Promise<readonly string[]> {
  const jobs: string[] = [];
  for (const { sweep, orphan } of found) {
    if (orphan !== undefined) jobs.push(await createSweepJob(client, sweep, orphan));
  }
  return jobs;
}
