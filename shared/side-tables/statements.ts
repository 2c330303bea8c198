// The writer's SQL, made once per enrichment. Every batch is one transaction, in this order:
//
//   checkPositions            ahead of it, while outcomes repeat: which of these are newer than what is stored
//   lockFence                 SHARE; a batch that holds a truncate runs raiseFence instead, for a lock cannot be upgraded safely
//   upsertState               the fence; answers which outcomes won
//   deleteResults             for winners that are not scored, and for those of chunked kinds that were asked anew
//   deleteChangedChunks       for winners of chunked kinds that are scored out of the cache
//   upsertResults             for winners that are scored, or
//   upsertRepeated            for those of them that are out of the cache, of kinds that are not chunked
//
// Outcomes are sent as arrays, one element per outcome; an answer is the outcomes' places, counted from 1. Keys travel as
// text and are cast to the source's own types, so that any type can be a key.
import { quoteIdentifier, quoteLiteral } from '../postgres/connect.ts';
import {
  CHUNK_COLUMNS,
  type EnrichmentTables,
  RESULT_COLUMNS,
  type TypedColumn,
} from './enrichment-tables.ts';
import { keyColumn, resultTable, stateTable, TRUNCATE_FENCES } from './names.ts';
import { FENCE_COLUMNS, STATE_COLUMNS } from './state-columns.ts';

/** `client.query({ ...statement, values })`: named, so that a connection parses it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface WriterStatements {
  /** No values. One row: the newest truncate; none passes until the end of the transaction. No row: another turn, wrong tables. */
  readonly lockFence: Statement;
  /** Values: fenceParameters(). Rows `{ place, is_older }` of outcomes newer than state and truncate fence, or older than a state above it. */
  readonly checkPositions: Statement;
  /** Values: stateParameters(). Rows `{ place }` of outcomes that are now the state of their key. */
  readonly upsertState: Statement;
  /** Values: resultParameters(). */
  readonly upsertResults: Statement;
  /** Not of chunked kinds. The same for outcomes out of the cache: leaves a row alone that already says what they say. */
  readonly upsertRepeated: Statement | undefined;
  /** Values: keyParameters(). */
  readonly deleteResults: Statement;
  /** Chunked kinds only, outcomes out of the cache. Values: resultParameters(). Chunks of a key go together, unless all of them are there already. */
  readonly deleteChangedChunks: Statement | undefined;
  /** Values: epoch, commit_lsn, event_index of the truncate. One row when it is newer than every earlier one, else none and nothing to do. */
  readonly raiseFence: Statement;
  /** Values as raiseFence, after it. Marks every older key as deleted by this truncate. */
  readonly markTruncated: Statement;
  /** No values, after markTruncated. */
  readonly deleteTruncatedResults: Statement;
  /** Values: keyParameters(), for tombstones whose deletion is gone. Rows of keys that were not deleted yet. */
  readonly bury: Statement;
}

export function writerStatements(tables: EnrichmentTables): WriterStatements {
  const statement = (purpose: string, text: string): Statement => ({
    name: `${purpose}_${tables.enrichment}`,
    text,
  });
  return {
    lockFence: statement('lock_fence', lockFence(tables)),
    checkPositions: statement('check_positions', checkPositions(tables)),
    upsertState: statement('upsert_state', upsertState(tables)),
    upsertResults: statement(
      'upsert_results',
      tables.chunked ? insertChunks(tables) : upsertResults(tables, ''),
    ),
    // Apart, since the price of looking would have the server plan the statement anew for every batch.
    upsertRepeated: tables.chunked
      ? undefined
      : statement('upsert_repeated', upsertResults(tables, saysAnythingNew(tables))),
    deleteResults: statement('delete_results', deleteResults(tables)),
    deleteChangedChunks: tables.chunked
      ? statement('delete_changed', deleteChangedChunks(tables))
      : undefined,
    raiseFence: statement('raise_fence', raiseFence(tables)),
    markTruncated: statement('mark_truncated', markTruncated(tables)),
    deleteTruncatedResults: statement('delete_truncated', deleteTruncatedResults(tables)),
    bury: statement('bury', bury(tables)),
  };
}

const list = (items: readonly string[], separator = ', '): string => items.join(separator);
const column = ({ name }: TypedColumn): string => quoteIdentifier(name);
/** Aliases, so that a key column of any name cannot meet one of ours. */
const keyAliases = (tables: EnrichmentTables): readonly string[] =>
  tables.keyColumns.map((_, index) => `k${index + 1}`);
const stateKeys = (tables: EnrichmentTables): readonly string[] =>
  tables.keyColumns.map(({ name }) => quoteIdentifier(keyColumn(name)));
const resultKeys = (tables: EnrichmentTables): readonly string[] => tables.keyColumns.map(column);
const equal = (left: readonly string[], right: readonly string[]): string =>
  list(
    left.map((item, index) => `${item} = ${right[index]}`),
    ' and ',
  );
const prefixed = (prefix: string, names: readonly string[]): readonly string[] =>
  names.map((name) => `${prefix}.${name}`);
const fence = (prefix: string): string =>
  `(${prefix}.epoch, ${prefix}.commit_lsn, ${prefix}.event_index, ${prefix}.revision, ${prefix}.status = 'scored')`;

/** Arrays as rows `sent`: keys as k1, k2, ... in their own types, then the columns, then the place. */
function sentRows(tables: EnrichmentTables, columns: readonly TypedColumn[]): string {
  const aliases = keyAliases(tables);
  // Types without an array parameter of their own meaning travel as text: keys of any type, bytea as hex, vectors.
  const travels = ({ type }: TypedColumn): string => (TRAVELS_AS_ITSELF.has(type) ? type : 'text');
  const parameters = [...aliases.map(() => 'text'), ...columns.map(travels)].map(
    (type, index) => `$${index + 1}::${type}[]`,
  );
  const names = [...aliases, ...columns.map(column)];
  const values = [
    ...tables.keyColumns.map(({ type }, index) => `raw.${aliases[index]}::${type} as ${aliases[index]}`),
    ...columns.map((each) => {
      const name = column(each);
      if (each.type === 'bytea') return `decode(raw.${name}, 'hex') as ${name}`;
      return travels(each) === each.type ? `raw.${name}` : `raw.${name}::${each.type} as ${name}`;
    }),
    'raw.place',
  ];
  return `(select ${list(values)}
    from unnest(${list(parameters)}) with ordinality as raw(${list([...names, 'place'])})) as sent`;
}

const TRAVELS_AS_ITSELF = new Set([
  'integer',
  'bigint',
  'text',
  'boolean',
  'double precision',
  'pg_lsn',
  'timestamp with time zone',
]);

const upToTruncate = (prefix: string): string =>
  `(${prefix}.epoch, ${prefix}.commit_lsn, ${prefix}.event_index) <= (truncated.epoch, truncated.commit_lsn, truncated.event_index)`;
/** An outcome at or below the newest truncate of its table is history. */
const aboveTruncate = (tables: EnrichmentTables, unless = ''): string =>
  `not exists (select from ${TRUNCATE_FENCES} as truncated
    where truncated.enrichment = ${quoteLiteral(tables.enrichment)} and ${upToTruncate('sent')}${unless})`;

function lockFence(tables: EnrichmentTables): string {
  return `select epoch, commit_lsn::text, event_index from ${TRUNCATE_FENCES}
  where ${isOurTurn(tables)} for share`;
}

const isOurTurn = ({ enrichment, turn = 0 }: EnrichmentTables): string =>
  `enrichment = ${quoteLiteral(enrichment)} and turn = ${turn}`;

/**
 * Key by key: a join could be planned while the table is small, and would then read all of it for every batch. History is older,
 * too, where its key lives again: who knows the truncate drops it, but behind the newest of the key it is what compaction keeps.
 */
function checkPositions(tables: EnrichmentTables): string {
  const keys = stateKeys(tables);
  const unlessAlive = ` and (stored.epoch is null or ${upToTruncate('stored')})`;
  return `select sent.place::integer as place, coalesce(${fence('stored')} > ${fence('sent')}, false) as is_older
  from ${sentRows(tables, FENCE_COLUMNS)}
  left join lateral (select * from ${stateTable(tables.enrichment)} as present
    where ${equal(prefixed('present', keys), prefixed('sent', keyAliases(tables)))} limit 1) as stored on true
  where (stored.epoch is null or ${fence('stored')} <> ${fence('sent')})
  and ${aboveTruncate(tables, unlessAlive)}
  order by place`;
}

function upsertState(tables: EnrichmentTables): string {
  const aliases = keyAliases(tables);
  const keys = stateKeys(tables);
  const columns = STATE_COLUMNS.map(column);
  // Sorted keys: two writers meet in the same order, and wait instead of deadlocking.
  return `with incoming as materialized (
  select distinct on (${list(prefixed('sent', aliases))}) sent.*
  from ${sentRows(tables, STATE_COLUMNS)}
  where ${aboveTruncate(tables)}
  order by ${list(prefixed('sent', aliases))}, sent.epoch desc, sent.commit_lsn desc, sent.event_index desc, sent.revision desc,
    (sent.status = 'scored') desc, sent.place
), written as (
  insert into ${stateTable(tables.enrichment)} as stored (${list([...keys, ...columns])})
  select ${list([...aliases, ...columns])} from incoming order by ${list(aliases)}
  on conflict (${list(keys)}) do update set ${list(columns.map((name) => `${name} = excluded.${name}`))}, updated_at = now()
  where ${fence('stored')} < ${fence('excluded')}
  returning ${list(keys.map((name, index) => `stored.${name} as ${aliases[index]}`))}
)
select incoming.place::integer as place
  from written join incoming on ${equal(prefixed('written', aliases), prefixed('incoming', aliases))}
  order by place`;
}

/** What makes two results of a key the same to a reader. When it was scored and what it cost is not part of it. */
const visible = (tables: EnrichmentTables): readonly string[] => [
  ...tables.outputs.map(column),
  'flagged',
  'decision',
  'rule',
  'policy_version',
];

function upsertResults(tables: EnrichmentTables, condition: string): string {
  const table = resultTable(tables.enrichment);
  const aliases = keyAliases(tables);
  const keys = resultKeys(tables);
  const columns = [...tables.outputs, ...RESULT_COLUMNS];
  const names = columns.map(column);
  return `insert into ${table} (${list([...keys, ...names])})
  select ${list(prefixed('sent', [...aliases, ...names]))}
  from ${sentRows(tables, columns)}
  ${condition}
  order by ${list(prefixed('sent', aliases))}
  on conflict (${list(keys)}) do update set ${list(names.map((name) => `${name} = excluded.${name}`))}`;
}

function saysAnythingNew(tables: EnrichmentTables): string {
  const same = visible(tables);
  return `where not exists (select from ${resultTable(tables.enrichment)} as stored
    where ${equal(prefixed('stored', resultKeys(tables)), prefixed('sent', keyAliases(tables)))}
      and row(${list(prefixed('stored', same))}) is not distinct from row(${list(prefixed('sent', same))}))`;
}

/**
 * A cached outcome repeats what is there, most of the time: leaving it alone spares the index over the vectors. They are
 * compared as text, since the operators of their type may stand in any schema.
 */
function deleteChangedChunks(tables: EnrichmentTables): string {
  const table = resultTable(tables.enrichment);
  const aliases = keyAliases(tables);
  const keys = resultKeys(tables);
  const chunk = CHUNK_COLUMNS.map(column);
  const same = (prefix: string): string =>
    list(prefixed(prefix, [...chunk, ...visible(tables)]).map((name) => `${name}::text`));
  return `delete from ${table} as stored
  using (select ${list(prefixed('sent', aliases))}
    from ${sentRows(tables, [...CHUNK_COLUMNS, ...tables.outputs, ...RESULT_COLUMNS])}
    left join ${table} as present on ${equal(prefixed('present', keys), prefixed('sent', aliases))} and present.chunk = sent.chunk
    group by ${list(prefixed('sent', aliases))}
    having not bool_and(row(${same('present')}) is not distinct from row(${same('sent')}))
      or count(*) <> (select count(*) from ${table} as every where ${equal(prefixed('every', keys), prefixed('sent', aliases))})) as changed
  where ${equal(prefixed('stored', keys), prefixed('changed', aliases))}`;
}

/** What is still there after deleteChangedChunks, in the same transaction, is as it was sent. */
function insertChunks(tables: EnrichmentTables): string {
  const aliases = keyAliases(tables);
  const columns = [...CHUNK_COLUMNS, ...tables.outputs, ...RESULT_COLUMNS];
  const names = columns.map(column);
  return `insert into ${resultTable(tables.enrichment)} (${list([...resultKeys(tables), ...names])})
  select ${list(prefixed('sent', [...aliases, ...names]))}
  from ${sentRows(tables, columns)}
  order by ${list(prefixed('sent', aliases))}, sent.chunk
  on conflict (${list([...resultKeys(tables), 'chunk'])}) do nothing`;
}

function deleteResults(tables: EnrichmentTables): string {
  return `delete from ${resultTable(tables.enrichment)} as stored
  using ${sentRows(tables, [])}
  where ${equal(prefixed('stored', resultKeys(tables)), prefixed('sent', keyAliases(tables)))}`;
}

function raiseFence(tables: EnrichmentTables): string {
  return `update ${TRUNCATE_FENCES} set epoch = $1::integer, commit_lsn = $2::pg_lsn, event_index = $3::integer
  where ${isOurTurn(tables)}
    and (epoch, commit_lsn, event_index) < ($1::integer, $2::pg_lsn, $3::integer)
  returning enrichment`;
}

const asDeletedBy = (reason: 'truncate' | 'delete'): string =>
  `status = 'deleted', reason = '${reason}', input_hash = null, failure_kind = null, failure_code = null,
    failure_message = null, dead_letter_id = null, updated_at = now()`;

function markTruncated(tables: EnrichmentTables): string {
  return `update ${stateTable(tables.enrichment)}
  set epoch = $1::integer, commit_lsn = $2::pg_lsn, event_index = $3::integer, ${asDeletedBy('truncate')}
  where (epoch, commit_lsn, event_index) < ($1::integer, $2::pg_lsn, $3::integer) and not deleted`;
}

function deleteTruncatedResults(tables: EnrichmentTables): string {
  return `delete from ${resultTable(tables.enrichment)} as stored
  using ${stateTable(tables.enrichment)} as state
  where state.deleted and ${equal(prefixed('state', stateKeys(tables)), prefixed('stored', resultKeys(tables)))}`;
}

/**
 * A tombstone has no position: the key is deleted at its own. One revision below, so that a newer outcome, which then stands
 * later on the topic and comes again, wins once more.
 */
function bury(tables: EnrichmentTables): string {
  return `update ${stateTable(tables.enrichment)} as stored
  set revision = stored.revision - 1, ${asDeletedBy('delete')}
  from ${sentRows(tables, [])}
  where ${equal(prefixed('stored', stateKeys(tables)), prefixed('sent', keyAliases(tables)))} and not stored.deleted
  returning stored.epoch`;
}
