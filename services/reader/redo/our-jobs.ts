import type { Queryable } from '../../../shared/postgres/connect.ts';
import { openRedoJobs, type RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { readRevisions } from '../../../shared/side-tables/revisions.ts';
import type { RedoSettings } from './redo-settings.ts';

export interface OpenJobs {
  /** The job that was served longest ago first. */
  readonly ours: readonly RedoJob[];
  readonly others: readonly RedoJob[];
}

/**
 * Jobs that wait or run. Init makes some for what it adds to the definition, in the same transaction. A reader that still runs
 * by the definition before does not know the table, or would publish the rows without pacing: such a job waits for its successor.
 */
export async function openJobs(
  client: Queryable,
  settings: Pick<RedoSettings, 'definition' | 'tables'>,
): Promise<OpenJobs> {
  const ours: RedoJob[] = [];
  const others: RedoJob[] = [];
  for (const job of await openRedoJobs(client)) {
    ((await isOurs(client, job, settings)) ? ours : others).push(job);
  }
  return { ours, others };
}

async function isOurs(
  client: Queryable,
  { schema, table, enrichments }: RedoJob,
  { definition, tables }: Pick<RedoSettings, 'definition' | 'tables'>,
): Promise<boolean> {
  if (!tables.has(`${schema}.${table}`)) return false;
  if (enrichments.length === 0 || enrichments.some((name) => name in definition.enrichments)) return true;
  // One that nobody ever registered is nobody's, and holds nobody up.
  const registered = await readRevisions(client);
  return !enrichments.some((name) => registered.has(name));
}
