// Rows whose newest outcome is a failure: the list of dead letters is the state tables, the topics hold the archive.
import { type Queryable, quoteIdentifier, quoteLiteral } from '../postgres/connect.ts';
import type { TableName } from '../postgres/published.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { DROPPED_LETTERS, keyColumn, REDO_JOBS, REDO_KEYS, stateTable } from './names.ts';
import { createRedoJob, type NewRedoJob } from './redo-jobs.ts';

export interface FailedRow {
  readonly id: string;
  readonly enrichment: string;
  /** Values as PostgreSQL writes them. */
  readonly key: Readonly<Record<string, string>>;
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  /** RFC 3339, in microseconds. */
  readonly committedAt: string;
  readonly failedAt: string;
}

export interface FailureFilter {
  readonly kind?: string;
  readonly code?: string;
  /** Failed at most so long ago. */
  readonly withinMs?: number;
  /** Beginnings of ids. */
  readonly ids?: readonly string[];
}

/** Where a failure stands in the list, which begins with the newest. */
export interface FailurePlace {
  readonly failedAt: string;
  readonly id: string;
}

export interface Page {
  readonly rowsMax: number;
  /** What the page before ended with. */
  readonly after?: FailurePlace;
}

const INSTANT = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;
const instant = (column: string): string => `to_char(${column} at time zone 'UTC', ${INSTANT})`;

/** The failed rows of all these, as one relation. Values $1 to $4: filterValues(). */
function failed(tables: readonly EnrichmentTables[]): string {
  const each = tables.map(({ enrichment, keyColumns }) => {
    const names = keyColumns.map(({ name }) => name);
    const key = names.flatMap((name) => [quoteLiteral(name), `${quoteIdentifier(keyColumn(name))}::text`]);
    const texts = names.map((name) => `${quoteIdentifier(keyColumn(name))}::text`);
    return `select ${quoteLiteral(enrichment)}::text as enrichment, json_build_object(${key.join(', ')})::text as key,
      array[${texts.join(', ')}] as texts, dead_letter_id as id, failure_kind as kind, failure_code as code,
      failure_message as message, committed_at, updated_at
      from ${stateTable(enrichment)} where status = 'failed' and dead_letter_id is not null`;
  });
  return `(select failure.* from (${each.join(' union all ')}) failure
    where ($1::text is null or kind = $1) and ($2::text is null or code = $2)
      and ($3::float8 is null or updated_at > now() - make_interval(secs => $3))
      and ($4::text[] is null or exists (select from unnest($4::text[]) wanted(id) where starts_with(failure.id, wanted.id)))
      and not exists (select from ${DROPPED_LETTERS} dropped where dropped.dead_letter_id = failure.id)) as failure`;
}

const filterValues = ({ kind, code, withinMs, ids }: FailureFilter): readonly unknown[] => [
  kind ?? null,
  code ?? null,
  withinMs === undefined ? null : withinMs / 1_000,
  ids ?? null,
];

interface FailureRow extends Omit<FailedRow, 'key'> {
  readonly key: string;
}

/** The newest first. */
export async function listFailures(
  client: Queryable,
  tables: readonly EnrichmentTables[],
  filter: FailureFilter,
  { rowsMax, after }: Page,
): Promise<readonly FailedRow[]> {
  if (tables.length === 0) return [];
  const source = failed(tables);
  const { rows } = await client.query<FailureRow>(
    `select id, enrichment, key, kind, code, message, ${instant('committed_at')} as "committedAt", ${instant('updated_at')} as "failedAt"
       from ${source}
      where $5::text is null or (updated_at, id) < ($6::timestamptz, $5)
      order by updated_at desc, id desc limit $7`,
    [...filterValues(filter), after?.id ?? null, after?.failedAt ?? null, rowsMax],
  );
  return rows.map((row) => ({ ...row, key: JSON.parse(row.key) as FailedRow['key'] }));
}

/** Of a row that failed, be it dropped or not. Undefined: it has another outcome by now, or there was none of that id. */
export async function placeOfFailure(
  client: Queryable,
  tables: readonly EnrichmentTables[],
  id: string,
): Promise<FailurePlace | undefined> {
  if (tables.length === 0) return undefined;
  const each = tables.map(
    ({ enrichment }) =>
      `select dead_letter_id as id, updated_at from ${stateTable(enrichment)} where starts_with(dead_letter_id, $1)`,
  );
  const { rows } = await client.query<FailurePlace>(
    `select id, ${instant('updated_at')} as "failedAt" from (${each.join(' union all ')}) failure limit 1`,
    [id],
  );
  return rows[0];
}

export async function countFailures(
  client: Queryable,
  tables: readonly EnrichmentTables[],
  filter: FailureFilter,
): Promise<ReadonlyMap<string, number>> {
  if (tables.length === 0) return new Map();
  const { rows } = await client.query<{ enrichment: string; count: string }>(
    `select enrichment, count(*)::text as count from ${failed(tables)} group by enrichment`,
    [...filterValues(filter)],
  );
  return new Map(rows.map(({ enrichment, count }) => [enrichment, Number(count)]));
}

/** SQL of a query for their keys: `key`, an array of text. */
export const failedKeys = (
  tables: EnrichmentTables,
  filter: FailureFilter,
): { readonly text: string; readonly values: readonly unknown[] } => ({
  text: `select texts as key from ${failed([tables])}`,
  values: filterValues(filter),
});

/** One job that has the rows read again and given a new outcome. Undefined when there are none. */
export async function replayFailures(
  client: Queryable,
  { tables, source }: { readonly tables: EnrichmentTables; readonly source: TableName },
  filter: FailureFilter,
): Promise<string | undefined> {
  await client.query('begin');
  try {
    const job = await createRedoJob(client, {
      schema: source.schema,
      table: source.name,
      reason: 'replay',
      enrichments: [tables.enrichment],
      keys: [],
    });
    const { rowCount } = await client.query(
      `insert into ${REDO_KEYS} (job, place, key)
       select $5, row_number() over (order by updated_at, id), texts from ${failed([tables])}`,
      [...filterValues(filter), job],
    );
    await client.query(`update ${REDO_JOBS} set estimated_rows = $2 where job = $1`, [job, rowCount]);
    await client.query(rowCount === 0 ? 'rollback' : 'commit');
    return rowCount === 0 ? undefined : job;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** Of these ids the ones that somebody let be. */
export async function droppedAmong(client: Queryable, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ id: string }>(
    `select dead_letter_id as id from ${DROPPED_LETTERS} where dead_letter_id = any($1)`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Letters that are no row's failure. `archive`: the last part of their topic's name. */
export async function dropLetters(
  client: Queryable,
  archive: string,
  ids: readonly string[],
): Promise<number> {
  const { rowCount } = await client.query(
    `insert into ${DROPPED_LETTERS} (dead_letter_id, enrichment)
     select distinct id, $1 from unnest($2::text[]) as dropped(id) on conflict do nothing`,
    [archive, ids],
  );
  return rowCount ?? 0;
}

/** A job for the rows of letters that are no row's failure, which are not listed any more then. Returns its number. */
export async function replayLetters(
  client: Queryable,
  archive: string,
  ids: readonly string[],
  job: NewRedoJob,
): Promise<string> {
  await client.query('begin');
  try {
    await dropLetters(client, archive, ids);
    const made = await createRedoJob(client, job);
    await client.query('commit');
    return made;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** They are not listed any more; the rows stay failed. Returns how many. */
export async function dropFailures(
  client: Queryable,
  tables: readonly EnrichmentTables[],
  filter: FailureFilter,
): Promise<number> {
  if (tables.length === 0) return 0;
  const { rowCount } = await client.query(
    `insert into ${DROPPED_LETTERS} (dead_letter_id, enrichment)
     select distinct id, enrichment from ${failed(tables)} on conflict do nothing`,
    [...filterValues(filter)],
  );
  return rowCount ?? 0;
}
