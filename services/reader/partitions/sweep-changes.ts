import type { Definition } from '../../../shared/config/definition.ts';
import { type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import type { Passage } from '../../../shared/progress/passage.ts';
import {
  lockPartitionChange,
  markPartitionsSwept,
  type PartitionChange,
} from '../../../shared/side-tables/partitions.ts';
import { createSweepJob, findOrphan, type Sweep } from '../redo/sweep-job.ts';

/**
 * Looks for results whose rows went with a partition. Only when everything older is written: a result that is still on its
 * way would otherwise come after the look, and stay. One enrichment does not wait for another.
 */
export async function sweepChange(
  client: DatabaseClient,
  definition: Definition,
  passage: Passage,
  change: PartitionChange,
): Promise<void> {
  const ready: string[] = [];
  for (const enrichment of change.toSweep) {
    // One that is no longer defined gets no outcomes any more, nor a redo of its own.
    const isDefined = enrichment in definition.enrichments;
    if (!isDefined || (await passage.isWritten(change.id, change.foundLsn, change.table, enrichment))) {
      ready.push(enrichment);
    }
  }
  if (ready.length === 0) return;
  const enrichments = ready.filter((enrichment) => enrichment in definition.enrichments);
  try {
    await sweep(client, change, ready, enrichments, change.sweepCondition);
  } catch (error) {
    // The condition is from before the change, and what it names may be another thing by now.
    if (change.sweepCondition === null || sqlState(error)?.startsWith(SYNTAX_OR_NAME) !== true) throw error;
    await sweep(client, change, ready, enrichments, null);
  }
  for (const enrichment of ready) passage.forget(change.id, enrichment);
}

const SYNTAX_OR_NAME = '42';

/** Job and record as one; the look itself before, since it may take long. */
async function sweep(
  client: DatabaseClient,
  { id, table }: PartitionChange,
  ready: readonly string[],
  enrichments: readonly string[],
  within: string | null,
): Promise<void> {
  const wanted: Sweep = { table, reason: 'repair', enrichments, within };
  const orphan = enrichments.length === 0 ? undefined : await findOrphan(client, wanted);
  await client.query('begin');
  try {
    if ((await lockPartitionChange(client, id, ready)) !== undefined) {
      const job = orphan === undefined ? undefined : await createSweepJob(client, wanted, orphan);
      await markPartitionsSwept(client, id, ready, job === undefined ? [] : [job]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
