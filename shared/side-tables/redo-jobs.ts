// Jobs that have rows read again. Whoever wants that only makes a job; the reader does them all in the same way.
import type { RedoReason } from '../contracts/events.ts';
import { type Queryable, quoteLiteral } from '../postgres/connect.ts';
import type { TableName } from '../postgres/published.ts';
import { REDO_JOBS, REDO_KEYS } from './names.ts';

export const REDO_STATES = ['waiting', 'running', 'paused', 'done', 'cancelled', 'failed'] as const;
export type RedoState = (typeof REDO_STATES)[number];

/** Values of the key columns as PostgreSQL's text, in the order of the key. */
export type KeyTexts = readonly string[];

export interface RedoJob {
  readonly job: string;
  readonly schema: string;
  readonly table: string;
  readonly reason: RedoReason;
  /** Only these give the rows an outcome. */
  readonly enrichments: readonly string[];
  /** SQL that picks rows; null: every row, or those of the list. */
  readonly condition: string | null;
  readonly byKeys: boolean;
  /** Goes through the keys of the state tables instead: those that have no row are published as deleted. */
  readonly sweep: boolean;
  /** The condition is the bounds of partitions, and the planner looks nowhere else. */
  readonly ofPartitions: boolean;
  readonly state: RedoState;
  /** Why it failed; never a row value. */
  readonly failure: string | null;
  /** What keeps it from going on while it is open; null: nothing. */
  readonly waitsFor: string | null;
  readonly estimatedRows: number | null;
  /** Everything up to here is confirmed by Kafka; null: nothing yet. */
  readonly lastKey: KeyTexts | null;
  readonly chunks: number;
  readonly rowsDone: number;
  readonly rowsGone: number;
  readonly rowsSuperseded: number;
  readonly rowsPerSecond: number | null;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

export interface NewRedoJob {
  readonly schema: string;
  readonly table: string;
  readonly reason: RedoReason;
  readonly enrichments: readonly string[];
  readonly condition?: string;
  /** The condition is the bounds of partitions, by which the planner leaves the others out. */
  readonly ofPartitions?: true;
  /** Exactly these rows: those that are not there are published as deleted. */
  readonly keys?: readonly KeyTexts[];
  /** The keys that have a result and no row, and only those. */
  readonly sweep?: true;
  /** Nothing is to be done up to here. */
  readonly lastKey?: KeyTexts;
  readonly estimatedRows?: number;
}

const CREATE = `
  with made as (
    insert into ${REDO_JOBS} (table_schema, table_name, reason, enrichments, condition, by_keys, estimated_rows, sweep, last_key, of_partitions)
    values ($1, $2, $3, $4, $5, $6::json is not null, $7, $8, $9::text[], $10) returning job
  ), listed as (
    insert into ${REDO_KEYS} (job, place, key)
    select made.job, listed.place, array(select json_array_elements_text(listed.key))
      from made, json_array_elements($6::json) with ordinality as listed(key, place)
  )
  select job::text as job from made`;

/** The reader takes it up within a second. Returns the number of the job. */
export async function createRedoJob(client: Queryable, job: NewRedoJob): Promise<string> {
  const { schema, table, reason, enrichments, condition = null, keys } = job;
  const { rows } = await client.query<{ job: string }>(CREATE, [
    schema,
    table,
    reason,
    enrichments,
    condition,
    keys === undefined ? null : JSON.stringify(keys),
    job.estimatedRows ?? keys?.length ?? null,
    job.sweep === true,
    job.lastKey ?? null,
    job.ofPartitions === true,
  ]);
  const [made] = rows;
  if (made === undefined) throw new Error('a job was inserted and did not come back');
  return made.job;
}

/** The same as text, for a script: rows of a whole table for these enrichments. */
export function redoJobStatement(
  job: Omit<NewRedoJob, 'condition' | 'keys' | 'sweep' | 'lastKey' | 'ofPartitions'>,
): string {
  const { schema, table, reason, enrichments, estimatedRows } = job;
  const names = enrichments.map(quoteLiteral).join(', ');
  const values = [
    ...[schema, table, reason].map(quoteLiteral),
    `array[${names}]::text[]`,
    estimatedRows ?? 'null',
  ];
  return `insert into ${REDO_JOBS} (table_schema, table_name, reason, enrichments, estimated_rows) values (${values.join(', ')})`;
}

const SELECT = `
  select job::text as job, table_schema as schema, table_name as table, reason, to_json(enrichments)::text as enrichments,
         condition, by_keys, sweep, of_partitions, state, failure, case when state in ('waiting', 'running') then waits_for end as waits_for, estimated_rows::text as estimated_rows, to_json(last_key)::text as last_key,
         chunks, rows_done::text as rows_done, rows_gone::text as rows_gone, rows_superseded::text as rows_superseded,
         rows_per_second::text as rows_per_second,
         to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
         to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as finished_at
    from ${REDO_JOBS}`;

interface JobRow {
  readonly job: string;
  readonly schema: string;
  readonly table: string;
  readonly reason: RedoReason;
  readonly enrichments: string;
  readonly condition: string | null;
  readonly by_keys: boolean;
  readonly sweep: boolean;
  readonly of_partitions: boolean;
  readonly state: RedoState;
  readonly failure: string | null;
  readonly waits_for: string | null;
  readonly estimated_rows: string | null;
  readonly last_key: string | null;
  readonly chunks: number;
  readonly rows_done: string;
  readonly rows_gone: string;
  readonly rows_superseded: string;
  readonly rows_per_second: string | null;
  readonly created_at: string;
  readonly finished_at: string | null;
}

/** What waits or runs, the job that was served longest ago first. */
export async function openRedoJobs(client: Queryable): Promise<readonly RedoJob[]> {
  const { rows } = await client.query<JobRow>(
    `${SELECT} where state in ('waiting', 'running') order by chunk_at nulls first, ${REDO_JOBS}.job`,
  );
  return rows.map(toJob);
}

/** What is still to be done for this enrichment of the table, also what waits for somebody to resume it. */
export async function unfinishedRedoJobs(
  client: Queryable,
  { schema, name }: TableName,
  enrichment: string,
): Promise<readonly RedoJob[]> {
  const { rows } = await client.query<JobRow>(
    `${SELECT} where state in ('waiting', 'running', 'paused') and table_schema = $1 and table_name = $2 and $3 = any(enrichments)
      order by ${REDO_JOBS}.job`,
    [schema, name, enrichment],
  );
  return rows.map(toJob);
}

/** The newest first. */
export async function listRedoJobs(client: Queryable, countMax: number): Promise<readonly RedoJob[]> {
  const { rows } = await client.query<JobRow>(
    `${SELECT} order by finished_at is not null, ${REDO_JOBS}.job desc limit $1`,
    [countMax],
  );
  return rows.map(toJob);
}

export async function readRedoJob(client: Queryable, job: string): Promise<RedoJob | undefined> {
  const { rows } = await client.query<JobRow>(`${SELECT} where job = $1`, [job]);
  return rows.map(toJob)[0];
}

export interface JobCount {
  readonly reason: RedoReason;
  readonly state: RedoState;
  readonly jobs: number;
}

export async function countRedoJobs(client: Queryable): Promise<readonly JobCount[]> {
  const { rows } = await client.query<JobCount>(
    `select reason, state, count(*)::int4 as jobs from ${REDO_JOBS} group by reason, state order by reason, state`,
  );
  return rows;
}

/** How long a job that is under way will take, at its speed; undefined where nobody can tell. */
export function secondsLeft({ state, estimatedRows, rowsDone, rowsPerSecond }: RedoJob): number | undefined {
  if (state !== 'running' || estimatedRows === null || rowsPerSecond === null || rowsPerSecond <= 0) {
    return undefined;
  }
  return Math.max(0, (estimatedRows - rowsDone) / rowsPerSecond);
}

export type RedoControl = 'pause' | 'resume' | 'cancel';

const CONTROL: Readonly<Record<RedoControl, string>> = {
  pause: `update ${REDO_JOBS} set state = 'paused' where job = $1 and state in ('waiting', 'running')`,
  resume: `update ${REDO_JOBS} set state = 'waiting', waits_for = null where job = $1 and state = 'paused'`,
  cancel: `update ${REDO_JOBS} set state = 'cancelled', finished_at = now() where job = $1 and state in ('waiting', 'running', 'paused')`,
};

/** False when the job is not in a state for that. A chunk that is under way still goes out. */
export async function controlRedoJob(client: Queryable, job: string, control: RedoControl): Promise<boolean> {
  const { rowCount } = await client.query(CONTROL[control], [job]);
  return rowCount === 1;
}

const countOf = (text: string | null): number | null => (text === null ? null : Number(text));

function toJob(row: JobRow): RedoJob {
  return {
    job: row.job,
    schema: row.schema,
    table: row.table,
    reason: row.reason,
    enrichments: JSON.parse(row.enrichments) as readonly string[],
    condition: row.condition,
    byKeys: row.by_keys,
    sweep: row.sweep,
    ofPartitions: row.of_partitions,
    state: row.state,
    failure: row.failure,
    waitsFor: row.waits_for,
    estimatedRows: countOf(row.estimated_rows),
    lastKey: row.last_key === null ? null : (JSON.parse(row.last_key) as KeyTexts),
    chunks: row.chunks,
    rowsDone: Number(row.rows_done),
    rowsGone: Number(row.rows_gone),
    rowsSuperseded: Number(row.rows_superseded),
    rowsPerSecond: countOf(row.rows_per_second),
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}
