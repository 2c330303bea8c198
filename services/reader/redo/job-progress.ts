// What only the reader writes of a job. Every statement names the chunk it follows, so that a process that was
// frozen and has been replaced meanwhile changes nothing.
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { REDO_JOBS } from '../../../shared/side-tables/names.ts';
import type { KeyTexts, RedoJob } from '../../../shared/side-tables/redo-jobs.ts';

export interface FinishedChunk {
  /** Where the next chunk begins; null only when nothing at all was there. */
  readonly lastKey: KeyTexts | null;
  readonly rows: number;
  readonly gone: number;
  readonly superseded: number;
  readonly rowsPerSecond: number | null;
}

const START = `
  update ${REDO_JOBS} set state = 'running', started_at = coalesce(started_at, now())
   where job = $1 and state = 'waiting'`;

export async function startJob(client: Queryable, job: RedoJob): Promise<void> {
  await client.query(START, [job.job]);
}

// A job that was paused or cancelled meanwhile keeps its state, but the rows did go out.
const FINISH_CHUNK = `
  update ${REDO_JOBS}
     set last_key = $3::text[], chunks = chunks + 1,
         rows_done = rows_done + $4, rows_gone = rows_gone + $5, rows_superseded = rows_superseded + $6,
         rows_per_second = coalesce($7, rows_per_second), chunk_at = now(), waits_for = null
   where job = $1 and chunks = $2`;

/** Only after Kafka has confirmed the rows of the chunk. False: somebody else goes on with the job. */
export async function finishChunk(client: Queryable, job: RedoJob, chunk: FinishedChunk): Promise<boolean> {
  const { rowCount } = await client.query(FINISH_CHUNK, [
    job.job,
    job.chunks,
    chunk.lastKey,
    chunk.rows,
    chunk.gone,
    chunk.superseded,
    chunk.rowsPerSecond,
  ]);
  return rowCount === 1;
}

/** The first load of a table that turns out to be empty leaves nothing to tell. */
const FORGET_EMPTY = `
  delete from ${REDO_JOBS} where job = $1 and reason = 'snapshot' and rows_done = 0 and state in ('waiting', 'running')`;
const FINISH = `
  update ${REDO_JOBS} set state = 'done', finished_at = now() where job = $1 and state in ('waiting', 'running')`;

export async function finishJob(client: Queryable, job: RedoJob): Promise<void> {
  await client.query(FORGET_EMPTY, [job.job]);
  await client.query(FINISH, [job.job]);
}

const FAIL = `
  update ${REDO_JOBS} set state = 'failed', failure = $2, finished_at = now()
   where job = $1 and state in ('waiting', 'running')`;

export async function failJob(client: Queryable, job: RedoJob, failure: string): Promise<void> {
  await client.query(FAIL, [job.job, failure]);
}

const STORE_WAIT = `update ${REDO_JOBS} set waits_for = $2 where job = $1 and state in ('waiting', 'running')`;

export async function storeWait(client: Queryable, job: string, waitsFor: string): Promise<void> {
  await client.query(STORE_WAIT, [job, waitsFor]);
}
