// Suspects that an open redo job has still to reach: they are on their way like those that the stream carries, only longer.
import { type Queryable, quoteIdentifier, sqlState } from '../../../shared/postgres/connect.ts';
import {
  keyColumn,
  qualifiedName,
  REDO_JOBS,
  REDO_KEYS,
  stateTable,
} from '../../../shared/side-tables/names.ts';
import { type KeyTexts, type RedoJob, unfinishedRedoJobs } from '../../../shared/side-tables/redo-jobs.ts';
import { SUSPECTS } from './statements.ts';
import type { Subject } from './subject.ts';

/** Rows that wait for one job. */
export interface QueuedRows {
  readonly job: string;
  readonly state: RedoJob['state'];
  readonly rows: number;
}

/**
 * Notes which job has still to reach which suspect. What one has passed since is looked at as if for the first time: its
 * outcome is on its way. Returns how many wait for a job that goes on by itself.
 */
export async function markQueued(client: Queryable, subject: Subject): Promise<number> {
  const { table, enrichment } = subject;
  const jobs = await unfinishedRedoJobs(client, table, enrichment);
  try {
    await mark(client, subject, jobs);
  } catch (error) {
    if (!isOfCondition(error)) throw error;
    const fitting: RedoJob[] = [];
    for (const job of jobs) if (await fits(client, subject, job)) fitting.push(job);
    await mark(client, subject, fitting);
  }
  const queued = await readQueued(client, subject);
  return queued.filter(({ state }) => state !== 'paused').reduce((sum, { rows }) => sum + rows, 0);
}

/** How many suspects wait for which job, as noted last. */
export async function readQueued(client: Queryable, { enrichment }: Subject): Promise<readonly QueuedRows[]> {
  const { rows } = await client.query<QueuedRows>(
    `select suspect.job::text as job, redo.state, count(*)::int4 as rows
       from ${SUSPECTS} as suspect join ${REDO_JOBS} as redo on redo.job = suspect.job
      where suspect.enrichment = $1 group by suspect.job, redo.state order by suspect.job`,
    [enrichment],
  );
  return rows;
}

/** Data, syntax, names, rights, features, a read-only transaction, and what functions raise. */
const isOfCondition = (error: unknown): boolean =>
  /^(?:0A|21|22|25006|2F|38|42|P0)/.test(sqlState(error) ?? '');

/** Somebody's SQL may not fit the table any more: the reader ends such a job, and its rows wait for nothing. */
async function fits(client: Queryable, subject: Subject, job: RedoJob): Promise<boolean> {
  if (job.condition === null) return true;
  const values: unknown[] = [subject.enrichment];
  const sql = `select count(*) from ${SUSPECTS} as wanted where wanted.enrichment = $1 and ${isAhead(subject, job, values)}`;
  await client.query('begin read only');
  try {
    await client.query(sql, values);
    return true;
  } catch (error) {
    if (!isOfCondition(error)) throw error;
    return false;
  } finally {
    await client.query('rollback').catch(() => {});
  }
}

/** A list of keys is looked through once instead of once for each suspect while it fits into twice as much. */
const LIST_MEMORY = '64MB';

async function mark(client: Queryable, subject: Subject, jobs: readonly RedoJob[]): Promise<void> {
  if (jobs.length === 0) {
    const none = `update ${SUSPECTS} set job = null, settled = false, seen = null where enrichment = $1 and job is not null`;
    await client.query(none, [subject.enrichment]);
    return;
  }
  const values: unknown[] = [subject.enrichment];
  const reached = jobs.map((job) => `when ${isAhead(subject, job, values)} then ${Number(job.job)}`);
  // Read-only, which a temporary table is exempt from: a condition is somebody's SQL.
  await client.query('begin read only');
  try {
    await client.query(`set local work_mem = '${LIST_MEMORY}'`);
    await client.query(
      `with now as materialized (
         select wanted.key, (case ${reached.join('\n      ')} end)::int8 as job from ${SUSPECTS} as wanted where wanted.enrichment = $1
       ) update ${SUSPECTS} as suspect set job = now.job, settled = false, seen = null
         from now where suspect.enrichment = $1 and suspect.key = now.key and suspect.job is distinct from now.job`,
      values,
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** SQL: whether the job will come to the key `wanted`. */
function isAhead(subject: Subject, job: RedoJob, values: unknown[]): string {
  const { table, tables } = subject;
  const wanted = tables.keyColumns.map(({ type }, place) => `(wanted.key[${place + 1}])::${type}`);
  const source = qualifiedName(table.schema, table.name);
  const from = `${table.kind === 'partitioned' ? '' : 'only '}${source}`;
  const names = tables.keyColumns.map(({ name }) => quoteIdentifier(name));
  const ofSource = names.map((name) => `${source}.${name}`);
  // A line of its own, because the condition may end in a comment.
  const picked = job.condition === null ? [] : [`(${job.condition}\n)`];
  if (job.byKeys) {
    values.push(job.job, job.lastKey?.[0] ?? '0');
    const listed = tables.keyColumns.map(({ type }, place) => `(listed.key[${place + 1}])::${type}`);
    return `exists (select from ${REDO_KEYS} as listed
        where listed.job = $${values.length - 1}::int8 and listed.place > $${values.length}::int8 and ${same(listed, wanted)})`;
  }
  if (!job.sweep) {
    const bounds = [same(ofSource, wanted), ...behind(subject, ofSource, job.lastKey, values), ...picked];
    return `exists (select from ${from} where ${bounds.join(' and ')})`;
  }
  const ofState = tables.keyColumns.map(({ name }) => quoteIdentifier(keyColumn(name)));
  const renamed = ofState.map((column, place) => `${column} as ${names[place]}`);
  const bounds = ['not deleted', ...behind(subject, ofState, job.lastKey, values)];
  const swept = names.map((name) => `swept.${name}`);
  const isGone = `not exists (select from ${from} where ${same(ofSource, swept)})`;
  return `exists (select from (select ${renamed.join(', ')} from ${stateTable(subject.enrichment)} where ${bounds.join(' and ')}) as swept
        where ${[same(swept, wanted), isGone, ...picked].join(' and ')})`;
}

const same = (left: readonly string[], right: readonly string[]): string =>
  left.map((column, place) => `${column} = ${right[place]}`).join(' and ');

function behind(
  { tables }: Subject,
  columns: readonly string[],
  after: KeyTexts | null,
  values: unknown[],
): readonly string[] {
  if (after === null) return [];
  const casts = tables.keyColumns.map(({ type }, place) => {
    values.push(after[place]);
    return `$${values.length}::text::${type}`;
  });
  return [`(${columns.join(', ')}) > (${casts.join(', ')})`];
}
