// The SQL of the audit. Every query that brings facts has the same columns, so that one reader takes all of them. Values are
// text and cast to the key's own types; nothing is spliced in but names.
import { quoteIdentifier, quoteLiteral } from '../../../shared/postgres/connect.ts';
import {
  keyColumn,
  POSITIONS,
  qualifiedName,
  resultTable,
  stateTable,
  TRUNCATE_FENCES,
} from '../../../shared/side-tables/names.ts';
import type { KeyTexts } from '../../../shared/side-tables/redo-jobs.ts';
import type { Subject } from './subject.ts';

export interface AuditStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A stretch of keys: behind `after`, up to `last`; without them from the first, to the end. */
export interface Stretch {
  readonly after: KeyTexts | undefined;
  readonly last: KeyTexts | undefined;
}

/** Only this session sees it, and it goes with the session. */
export const SUSPECTS = 'pg_temp.afterglow_suspects';
export const CURSOR = 'afterglow_audit';

export const CREATE_SUSPECTS = `
  create temporary table if not exists afterglow_suspects (
    enrichment text not null, key text[] not null, finding text, reason text, seen text, settled boolean not null default false, job int8,
    primary key (enrichment, key)
  )`;

/** What stands between the key and the source's columns. */
export const FACTS = [
  'row',
  'revision',
  'status',
  'reason',
  'input_hash',
  'as_of_ms',
  'failure_kind',
  'is_ahead',
  'result',
  'seen',
] as const;

/** Columns of the key as each of the three tables calls them. */
const ofSource = ({ tables }: Subject): readonly string[] =>
  tables.keyColumns.map(({ name }) => `source.${quoteIdentifier(name)}`);
const ofState = ({ tables }: Subject): readonly string[] =>
  tables.keyColumns.map(({ name }) => `state.${quoteIdentifier(keyColumn(name))}`);
const ofResult = ({ tables }: Subject): readonly string[] =>
  tables.keyColumns.map(({ name }) => `result.${quoteIdentifier(name)}`);

const list = (parts: readonly string[]): string => parts.join(', ');
/** Cast, and not as they are sent: only so is the text of a key the same wherever it comes from. */
const asTexts = (columns: readonly string[]): readonly string[] => columns.map((column) => `${column}::text`);
const equal = (left: readonly string[], right: readonly string[]): string =>
  left.map((column, place) => `${column} = ${right[place]}`).join(' and ');
const all = (conditions: readonly string[]): string =>
  conditions.length === 0 ? 'true' : conditions.join(' and ');

/** Rows of child tables are those tables' own; a partitioned table has no others. */
export const sourceOf = ({ table }: Subject): string =>
  `${table.kind === 'partitioned' ? '' : 'only '}${qualifiedName(table.schema, table.name)} as source`;
const stateOf = ({ enrichment }: Subject): string => `${stateTable(enrichment)} as state`;
const resultOf = ({ enrichment }: Subject): string => `${resultTable(enrichment)} as result`;

function within(
  { tables }: Subject,
  keys: readonly string[],
  { after, last }: Stretch,
  values: unknown[],
): readonly string[] {
  const compared = (operator: string, texts: KeyTexts): string => {
    const casts = tables.keyColumns.map(({ type }, place) => {
      values.push(texts[place]);
      return `$${values.length}::text::${type}`;
    });
    return `(${list(keys)}) ${operator} (${list(casts)})`;
  };
  return [
    ...(after === undefined ? [] : [compared('>', after)]),
    ...(last === undefined ? [] : [compared('<=', last)]),
  ];
}

/** No transaction of the log has committed there; the reader's epoch is compared first. */
const aheadOfLog = (of: string): string => `coalesce((${of}.epoch, ${of}.commit_lsn) > (
      coalesce((select max(epoch) from ${POSITIONS}), ${of}.epoch), (select pg_current_wal_insert_lsn())), false)`;
const AHEAD = aheadOfLog('state');

function facts(subject: Subject, keys: readonly string[], seen: string): string {
  const { tables, columns } = subject;
  const source = ofSource(subject);
  const chunks = `(select string_agg(concat_ws(':', result.chunk, result.chunk_start, result.chunk_end), ',' order by result.chunk)
      from ${resultOf(subject)} where ${equal(ofResult(subject), keys)})`;
  return list([
    ...asTexts(keys),
    `${source[0]} is not null`,
    'case when not state.deleted then state.revision end',
    'case when not state.deleted then state.status end',
    'state.reason',
    "encode(state.input_hash, 'hex')",
    'floor(extract(epoch from state.as_of) * 1000)::int8',
    'state.failure_kind',
    AHEAD,
    tables.chunked ? chunks : `case when ${ofResult(subject)[0]} is not null then '' end`,
    seen,
    ...columns.map((column) => `source.${quoteIdentifier(column)}`),
  ]);
}

/** Key of the last row of a stretch of at most so many, in the order of the source. No row: nothing is left behind it. */
export function endOfSourceStretch(
  subject: Subject,
  after: KeyTexts | undefined,
  rowsMax: number,
): AuditStatement {
  const values: unknown[] = [];
  const keys = ofSource(subject);
  const where = all(within(subject, keys, { after, last: undefined }, values));
  const text = `select ${list(asTexts(keys))} from ${sourceOf(subject)} where ${where} order by ${list(keys)} offset ${rowsMax - 1} limit 1`;
  return { text, values };
}

/** Every row of a stretch of the source with what stands beside it. `sinceXid`: only rows that newer transactions wrote. */
export function declareRows(
  subject: Subject,
  stretch: Stretch,
  sinceXid: string | undefined,
): AuditStatement {
  const values: unknown[] = [];
  const source = ofSource(subject);
  const where = [...within(subject, source, stretch, values)];
  if (sinceXid !== undefined) {
    values.push(sinceXid);
    where.push(`age(source.xmin) <= age($${values.length}::text::xid)`);
  }
  const text = `declare ${CURSOR} no scroll cursor for
    select ${facts(subject, source, 'null')} from ${sourceOf(subject)}
      left join ${stateOf(subject)} on ${all([equal(ofState(subject), source), ...besideStretch(subject, ofState(subject), stretch, values)])}
      ${subject.tables.chunked ? '' : `left join ${resultOf(subject)} on ${all([equal(ofResult(subject), source), ...besideStretch(subject, ofResult(subject), stretch, values)])}`}
     where ${all(where)}`;
  return { text, values };
}

/** The same bounds on the other side of a join let PostgreSQL walk both indexes side by side; wrong where orders differ. */
const besideStretch = (
  subject: Subject,
  keys: readonly string[],
  stretch: Stretch,
  values: unknown[],
): readonly string[] => (subject.sharesOrder ? within(subject, keys, stretch, values) : []);

/** Places that hold keys of ours: outcomes of rows that are not deleted, and results. */
export const KEY_PLACES = ['state', 'result'] as const;
export type KeyPlace = (typeof KEY_PLACES)[number];

const place = (
  subject: Subject,
  kind: KeyPlace,
): { readonly from: string; readonly keys: readonly string[] } =>
  kind === 'state'
    ? { from: stateOf(subject), keys: ofState(subject) }
    : { from: resultOf(subject), keys: ofResult(subject) };

export function endOfStretch(
  subject: Subject,
  kind: KeyPlace,
  after: KeyTexts | undefined,
  rowsMax: number,
): AuditStatement {
  const values: unknown[] = [];
  const { from, keys } = place(subject, kind);
  const where = all(within(subject, keys, { after, last: undefined }, values));
  const text = `select ${list(asTexts(keys))} from ${from} where ${where} order by ${list(keys)} offset ${rowsMax - 1} limit 1`;
  return { text, values };
}

/** Suspects are the outcomes of a stretch that have no row or stand ahead of the log, and the results that have no scored outcome. */
export function suspectOrphans(subject: Subject, kind: KeyPlace, stretch: Stretch): AuditStatement {
  const values: unknown[] = [];
  const { from, keys } = place(subject, kind);
  const where = within(subject, keys, stretch, values);
  const absent =
    kind === 'state'
      ? `(${AHEAD} or not state.deleted and not exists (select from ${sourceOf(subject)} where ${all([equal(ofSource(subject), keys), ...besideStretch(subject, ofSource(subject), stretch, values)])}))`
      : `not exists (select from ${stateOf(subject)} where state.status = 'scored' and ${all([equal(ofState(subject), keys), ...within(subject, ofState(subject), stretch, values)])})`;
  const text = `insert into ${SUSPECTS} (enrichment, key)
    select distinct ${quoteLiteral(subject.enrichment)}, array[${list(asTexts(keys))}]
      from ${from} where ${all([...where, absent])} on conflict do nothing`;
  return { text, values };
}

export function addSuspects({ enrichment }: Subject, keys: readonly KeyTexts[]): AuditStatement {
  const text = `insert into ${SUSPECTS} (enrichment, key)
    select $1, array(select json_array_elements_text(suspect)) from json_array_elements($2::json) as suspect on conflict do nothing`;
  return { text, values: [enrichment, JSON.stringify(keys)] };
}

/** The next suspects that are not settled, with everything beside them and the row versions that were seen. */
export function suspectFacts(subject: Subject, after: KeyTexts | undefined, rowsMax: number): AuditStatement {
  const wanted = subject.tables.keyColumns.map(({ type }, index) => `wanted.key[${index + 1}]::${type}`);
  const seen = `concat_ws('/', coalesce(source.xmin::text, '-'), coalesce(state.xmin::text, '-'))`;
  const text = `select ${facts(subject, wanted, seen)}
    from (select key from ${SUSPECTS} where enrichment = $1 and not settled and job is null and ($2::text[] is null or key > $2::text[])
           order by key limit $3) as wanted
    left join ${sourceOf(subject)} on ${equal(ofSource(subject), wanted)}
    left join ${stateOf(subject)} on ${equal(ofState(subject), wanted)}
    ${subject.tables.chunked ? '' : `left join ${resultOf(subject)} on ${equal(ofResult(subject), wanted)}`}
    order by wanted.key`;
  return { text, values: [subject.enrichment, after ?? null, rowsMax] };
}

export interface Sighting {
  readonly key: KeyTexts;
  readonly finding: string;
  readonly reason: string;
  readonly seen: string;
}

/** A suspect that is still wrong, with nothing of it touched since it was seen last, is wrong for good. Rows: those in doubt. */
export function keepSightings({ enrichment }: Subject, sightings: readonly Sighting[]): AuditStatement {
  const text = `with kept as (
      update ${SUSPECTS} as suspect
         set finding = now.finding, reason = now.reason, settled = suspect.seen is not distinct from now.seen, seen = now.seen
        from json_to_recordset($2::json) as now(key text[], finding text, reason text, seen text)
       where suspect.enrichment = $1 and suspect.key = now.key returning settled
    ) select from kept where not settled`;
  return { text, values: [enrichment, JSON.stringify(sightings)] };
}

export function dropSuspects({ enrichment }: Subject, keys: readonly KeyTexts[]): AuditStatement {
  const text = `delete from ${SUSPECTS} where enrichment = $1
    and key in (select array(select json_array_elements_text(right_now)) from json_array_elements($2::json) as right_now)`;
  return { text, values: [enrichment, JSON.stringify(keys)] };
}

export const countSuspects = ({ enrichment }: Subject): AuditStatement => ({
  text: `select finding, reason, settled, count(*)::int4 as count from ${SUSPECTS} where enrichment = $1
    group by finding, reason, settled order by settled desc, count(*) desc, reason`,
  values: [enrichment],
});

export const settledKeys = (
  { enrichment }: Subject,
  after: KeyTexts | undefined,
  rowsMax: number,
): AuditStatement => ({
  text: `select to_json(key)::text as key, finding, reason from ${SUSPECTS}
    where enrichment = $1 and settled and ($2::text[] is null or key > $2::text[]) order by key limit $3`,
  values: [enrichment, after ?? null, rowsMax],
});

/** SQL of a query for the keys that are wrong for good. */
export const wrongKeys = ({ enrichment }: Subject): string =>
  `select key from ${SUSPECTS} where enrichment = ${quoteLiteral(enrichment)} and settled`;

/** Nothing newer would be written over an outcome ahead of the log: it gives way to whatever comes. */
export function giveWay(subject: Subject): AuditStatement {
  const wrong = subject.tables.keyColumns.map(({ type }, place) => `wrong.key[${place + 1}]::${type}`);
  const text = `update ${stateOf(subject)} set epoch = 0, commit_lsn = '0/0', event_index = 0, updated_at = now()
    from (select key from ${SUSPECTS} where enrichment = $1 and settled and reason = 'ahead') as wrong
    where ${equal(ofState(subject), wrong)}`;
  return { text, values: [subject.enrichment] };
}

/** One row where it is. */
export const fenceAhead = ({ enrichment }: Subject): AuditStatement => ({
  text: `select enrichment from ${TRUNCATE_FENCES} as fence where enrichment = $1 and ${aheadOfLog('fence')}`,
  values: [enrichment],
});

/** Of an enrichment whose truncate fence no commit has come to: it lets in what comes, as if nothing had been truncated. */
export const openFence = ({ enrichment }: Subject): AuditStatement => ({
  text: `update ${TRUNCATE_FENCES} as fence set epoch = 0, commit_lsn = '0/0', event_index = 0
    where enrichment = $1 and ${aheadOfLog('fence')}`,
  values: [enrichment],
});

/** After a repair they are suspects again. */
export const reopenSuspects = ({ enrichment }: Subject): AuditStatement => ({
  text: `update ${SUSPECTS} set settled = false, seen = null where enrichment = $1 and settled`,
  values: [enrichment],
});
