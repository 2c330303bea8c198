// An enrichment and its shadow change places: in one transaction, by their names alone.
import { shadowOf } from '../contracts/shadow.ts';
import { type Queryable, quoteIdentifier, quoteLiteral } from '../postgres/connect.ts';
import {
  AUDITS,
  CUTOVERS,
  DROPPED_LETTERS,
  INDEX_PURPOSES,
  INTERNAL_SCHEMA,
  indexName,
  qualifiedName,
  REDO_JOBS,
  REVISIONS,
  SCHEMA,
  stateTableName,
  TRUNCATE_FENCES,
  UNPAID_REDOS,
} from './names.ts';

/** Whether this database has ever had a cut-over, or could have. */
const KNOWS_CUTOVERS = 'select to_regclass($1) is not null as present';

async function knowsCutovers(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ present: boolean }>(KNOWS_CUTOVERS, [CUTOVERS]);
  return rows[0]?.present === true;
}

/** Enrichments that were ever cut over. */
export async function readCutOver(client: Queryable): Promise<ReadonlySet<string>> {
  if (!(await knowsCutovers(client))) return new Set();
  const { rows } = await client.query<{ enrichment: string }>(`select distinct enrichment from ${CUTOVERS}`);
  return new Set(rows.map(({ enrichment }) => enrichment));
}

/** Enrichments whose cut-over has begun and is not finished. */
export async function readMoving(client: Queryable): Promise<ReadonlySet<string>> {
  if (!(await knowsCutovers(client))) return new Set();
  const { rows } = await client.query<{ enrichment: string }>(
    `select enrichment from ${CUTOVERS} where state = 'moving'`,
  );
  return new Set(rows.map(({ enrichment }) => enrichment));
}

/** Waits for batches of the writer that are under way; the next ones wait for us, and find another turn. */
export const lockFences = (enrichment: string): string =>
  `select enrichment from ${TRUNCATE_FENCES} where enrichment in (${both(enrichment)}) order by enrichment for update`;

/** Jobs of one of the two that are not over: what they publish would be answered by the other one. */
export async function openJobsOf(client: Queryable, enrichment: string): Promise<readonly string[]> {
  // Whoever notes an unpaid row meanwhile might find its key there already, under the other name.
  await client.query(`lock table ${UNPAID_REDOS}, ${REDO_JOBS} in share row exclusive mode`);
  const { rows } = await client.query<{ job: string }>(
    `select job::text as job from ${REDO_JOBS} where finished_at is null and enrichments && array[${both(enrichment)}]::text[] order by 1`,
  );
  return rows.map(({ job }) => job);
}

const both = (enrichment: string): string => [enrichment, shadowOf(enrichment)].map(quoteLiteral).join(', ');

/** No name of ours holds a plus. */
const IN_BETWEEN = '+';

/** What makes the two change places, in order: tables, indexes, truncate fences, revisions. */
export function exchangeStatements(enrichment: string): readonly string[] {
  const shadow = shadowOf(enrichment);
  const exchanged = `case enrichment when ${quoteLiteral(enrichment)} then ${quoteLiteral(shadow)} else ${quoteLiteral(enrichment)} end`;
  return [
    ...exchangedRelations(SCHEMA, enrichment, shadow),
    ...exchangedRelations(INTERNAL_SCHEMA, stateTableName(enrichment), stateTableName(shadow)),
    `update ${TRUNCATE_FENCES} as own set epoch = other.epoch, commit_lsn = other.commit_lsn, event_index = other.event_index, turn = own.turn + 1
  from ${TRUNCATE_FENCES} as other
 where own.enrichment in (${both(enrichment)}) and other.enrichment in (${both(enrichment)}) and own.enrichment <> other.enrichment`,
    `update ${REVISIONS} set enrichment = ${exchanged} where enrichment in (${both(enrichment)})`,
    `update ${DROPPED_LETTERS} set enrichment = ${exchanged} where enrichment in (${both(enrichment)})`,
    ...[AUDITS, UNPAID_REDOS].flatMap((table) => exchangedRows(table, enrichment, shadow)),
    `insert into ${CUTOVERS} (enrichment) values (${quoteLiteral(enrichment)})`,
  ];
}

/** Of a table whose key the name is a part of: at no time may both have the same one. */
function exchangedRows(table: string, one: string, other: string): readonly string[] {
  const between = `${one}${IN_BETWEEN}`;
  const rename = (from: string, to: string): string =>
    `update ${table} set enrichment = ${quoteLiteral(to)} where enrichment = ${quoteLiteral(from)}`;
  return [rename(one, between), rename(other, one), rename(between, other)];
}

function exchangedRelations(schema: string, one: string, other: string): readonly string[] {
  const between = `${one}${IN_BETWEEN}`;
  const moves = [
    [one, between],
    [other, one],
    [between, other],
  ] as const;
  const rename = (kind: 'table' | 'index if exists', from: string, to: string): string =>
    `alter ${kind} ${qualifiedName(schema, from)} rename to ${quoteIdentifier(to)}`;
  return [
    ...moves.map(([from, to]) => rename('table', from, to)),
    // An index keeps its own name, and set-up would look for it under that of its table.
    ...INDEX_PURPOSES.flatMap((purpose) =>
      moves.map(([from, to]) => rename('index if exists', indexName(from, purpose), indexName(to, purpose))),
    ),
  ];
}

/** The tables have changed places: which of the two each revision belongs to now. */
export async function readRevisionOwners(
  client: Queryable,
  enrichments: readonly string[],
): Promise<ReadonlyMap<number, string>> {
  const { rows } = await client.query<{ enrichment: string; revision: number }>(
    `select enrichment, revision from ${REVISIONS} where enrichment = any($1)`,
    [enrichments],
  );
  return new Map(rows.map(({ enrichment, revision }) => [revision, enrichment]));
}

/** How often the tables under each name were changed for others. */
export async function readTurns(client: Queryable): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ enrichment: string; turn: number }>(
    `select enrichment, turn from ${TRUNCATE_FENCES}`,
  );
  return new Map(rows.map(({ enrichment, turn }) => [enrichment, turn]));
}

/** False when somebody else has finished it meanwhile. */
export async function finishCutover(client: Queryable, enrichment: string, job: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `update ${CUTOVERS} set state = 'done', finished_at = now(), job = $2 where enrichment = $1 and state = 'moving'`,
    [enrichment, job],
  );
  return rowCount === 1;
}

/** The redo of the last cut-over; undefined: there was none. */
export async function readLastJob(client: Queryable, enrichment: string): Promise<string | undefined> {
  const { rows } = await client.query<{ job: string }>(
    `select job::text as job from ${CUTOVERS} where enrichment = $1 and job is not null order by id desc limit 1`,
    [enrichment],
  );
  return rows[0]?.job;
}
