import type { Definition } from '../../../shared/config/definition.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { plannedRows } from '../../../shared/postgres/estimate.ts';
import { finishCutover } from '../../../shared/side-tables/cutovers.ts';
import { rememberGroupOffsets } from '../../../shared/side-tables/known-groups.ts';
import { answeredCondition } from '../../../shared/side-tables/outcome-conditions.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { createRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import type { MovedGroup } from './move-offsets.ts';

/**
 * Offsets are where they belong: whoever waits goes on, and what the tables hold goes out on the topic. Returns the job for
 * that; undefined: somebody else has finished it meanwhile.
 */
export async function finish(
  client: DatabaseClient,
  definition: Definition,
  enrichment: string,
  moved: readonly MovedGroup[],
): Promise<string | undefined> {
  const table = definition.sources[definition.enrichments[enrichment]?.from ?? '']?.table;
  if (table === undefined) throw new RangeError(`no source of ${enrichment}`);
  await client.query('begin');
  try {
    for (const { group, topic, offsets } of moved) {
      const remembered = [...offsets].map(([partition, offset]) => ({ topic, partition, offset }));
      await rememberGroupOffsets(client, group, remembered);
    }
    const condition = answeredCondition(table, await readEnrichmentTables(client, enrichment));
    const job = await createRedoJob(client, {
      schema: table.schema,
      table: table.name,
      reason: 'redecide',
      enrichments: [enrichment],
      condition,
      estimatedRows: await plannedRows(client, table, condition),
    });
    const isOurs = await finishCutover(client, enrichment, job);
    await client.query(isOurs ? 'commit' : 'rollback');
    return isOurs ? job : undefined;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
