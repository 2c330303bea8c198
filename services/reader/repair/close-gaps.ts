import type { Definition } from '../../../shared/config/definition.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { closeRepairedGaps, type Gap, gapsToSweep, markSwept } from '../../../shared/side-tables/gaps.ts';
import { createSweepJobs } from './gap-jobs.ts';

/**
 * Takes each repair one step on: what is left over is looked for when all rows are read again, since by then every result
 * of an earlier change has been written; and a gap is closed when that is done, too. Returns those closed now.
 */
export async function closeGaps(client: DatabaseClient, definition: Definition): Promise<readonly Gap[]> {
  for (const gap of await gapsToSweep(client)) {
    await client.query('begin');
    try {
      await markSwept(client, gap.id, await createSweepJobs(client, definition, gap.tables));
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => {});
      throw error;
    }
  }
  return await closeRepairedGaps(client);
}
