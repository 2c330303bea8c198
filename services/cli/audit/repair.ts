import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { REDO_JOBS, REDO_KEYS } from '../../../shared/side-tables/names.ts';
import { createRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { texts } from './read-facts.ts';
import { giveWay, openFence, reopenSuspects, wrongKeys } from './statements.ts';
import type { Subject } from './subject.ts';

/** A job for exactly the keys that are wrong: rows that are there get a new outcome, of the others outcome and result go. */
export async function createRepairJob(client: DatabaseClient, subject: Subject): Promise<string> {
  const { enrichment, table } = subject;
  await client.query('begin');
  try {
    const job = await createRedoJob(client, {
      schema: table.schema,
      table: table.name,
      reason: 'repair',
      enrichments: [enrichment],
      keys: [],
    });
    const { rowCount } = await client.query(
      `insert into ${REDO_KEYS} (job, place, key)
       select $1, row_number() over (order by wrong.key), wrong.key from (${wrongKeys(subject)}) as wrong`,
      [job],
    );
    await texts(client, giveWay(subject));
    await texts(client, openFence(subject));
    await client.query(`update ${REDO_JOBS} set estimated_rows = $2 where job = $1`, [job, rowCount]);
    await client.query('commit');
    await texts(client, reopenSuspects(subject));
    return job;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
