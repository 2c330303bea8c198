// The two tables of an enrichment. state_<enrichment> is narrow, fenced, and updated by every outcome; afterglow.<enrichment>
// holds what users read, and is touched only when a result really changes.
import { quoteIdentifier, quoteLiteral } from '../postgres/connect.ts';
import { indexName, keyColumn, resultTable, stateTable, stateTableName, TRUNCATE_FENCES } from './names.ts';

export interface TypedColumn {
  readonly name: string;
  /** Qualified SQL text that means the same under every search_path: 'bigint', 'public.merchant_category'. */
  readonly type: string;
  /** SQL of the collation, where it is not that of the type. */
  readonly collation?: string;
}

/** What the side tables of one enrichment look like. */
export interface EnrichmentTables {
  readonly enrichment: string;
  /** The source's replica identity, in index order. */
  readonly keyColumns: readonly TypedColumn[];
  readonly outputs: readonly TypedColumn[];
  /** Vector kinds: several rows for one key, told apart by `chunk`. */
  readonly chunked: boolean;
  /** For the writer: how often these tables have changed places with those of a shadow; none: never. */
  readonly turn?: number;
}

/** Every outcome rewrites its state row; free space on the page lets PostgreSQL do that without touching the index. */
const STATE_FILL_PERCENT = 80;
const RESULT_FILL_PERCENT = 90;

/** Where a chunk lies in its text, in code points, beside its vector. */
export const CHUNK_COLUMNS: readonly TypedColumn[] = [
  { name: 'chunk', type: 'integer' },
  { name: 'chunk_start', type: 'integer' },
  { name: 'chunk_end', type: 'integer' },
  { name: 'tokens', type: 'integer' },
];

/** The vector of a chunk. */
export const VECTOR_COLUMN = 'embedding';

/** What stands beside the outputs of every result. */
export const RESULT_COLUMNS: readonly TypedColumn[] = [
  { name: 'flagged', type: 'boolean' },
  { name: 'decision', type: 'text' },
  { name: 'rule', type: 'text' },
  { name: 'policy_version', type: 'text' },
  { name: 'scored_at', type: 'timestamp with time zone' },
  { name: 'cost_nano_usd', type: 'bigint' },
];

const REQUIRED = new Set(['scored_at', 'cost_nano_usd']);

export function stateTableDdl(tables: EnrichmentTables): readonly string[] {
  const keys = tables.keyColumns.map(({ name }) => quoteIdentifier(keyColumn(name)));
  const table = stateTable(tables.enrichment);
  const columns = [
    ...tables.keyColumns.map((key) => `${quoteIdentifier(keyColumn(key.name))} ${collated(key)} not null`),
    'epoch integer not null',
    'commit_lsn pg_lsn not null',
    'event_index integer not null',
    'revision integer not null',
    "status text not null check (status in ('scored', 'skipped', 'failed', 'over_budget', 'deleted'))",
    'reason text',
    'input_hash bytea',
    'as_of timestamp with time zone not null',
    'committed_at timestamp with time zone not null',
    'failure_kind text',
    'failure_code text',
    'failure_message text',
    'dead_letter_id text',
    "deleted boolean not null generated always as (status = 'deleted') stored",
    'updated_at timestamp with time zone not null default now()',
    primaryKey(stateTableName(tables.enrichment), keys),
  ];
  // Over the key, which no update touches: an index over the time would keep every update from staying on its page.
  const index = (purpose: 'deleted' | 'over_budget'): string =>
    quoteIdentifier(indexName(stateTableName(tables.enrichment), purpose));
  return [
    `create table if not exists ${table} (\n  ${columns.join(',\n  ')}\n) with (fillfactor = ${STATE_FILL_PERCENT})`,
    `create index if not exists ${index('deleted')} on ${table} (${keys.join(', ')}) where deleted`,
    `create index if not exists ${index('over_budget')} on ${table} (${keys.join(', ')}) where status = 'over_budget'`,
    `insert into ${TRUNCATE_FENCES} (enrichment) values (${quoteLiteral(tables.enrichment)}) on conflict do nothing`,
  ];
}

export function resultTableDdl(tables: EnrichmentTables): readonly string[] {
  const table = resultTable(tables.enrichment);
  const keys = tables.keyColumns.map(({ name }) => quoteIdentifier(name));
  if (tables.chunked) keys.push('chunk');
  const columns = [
    ...tables.keyColumns.map((key) => `${quoteIdentifier(key.name)} ${collated(key)} not null`),
    ...(tables.chunked ? CHUNK_COLUMNS.map(({ name, type }) => `${name} ${type} not null`) : []),
    ...tables.outputs.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`),
    ...RESULT_COLUMNS.map(({ name, type }) => `${name} ${type}${REQUIRED.has(name) ? ' not null' : ''}`),
    primaryKey(tables.enrichment, keys),
  ];
  return [
    `create table if not exists ${table} (\n  ${columns.join(',\n  ')}\n) with (fillfactor = ${RESULT_FILL_PERCENT})`,
    ...resultIndexes(tables),
  ];
}

/** As the source orders its keys: in another order no join with it would find them by their index. */
export const collated = ({ type, collation }: TypedColumn): string =>
  collation === undefined ? type : `${type} collate ${collation}`;

const primaryKey = (table: string, columns: readonly string[]): string =>
  `constraint ${quoteIdentifier(indexName(table, 'key'))} primary key (${columns.join(', ')})`;

/** Ranking goes by the first output, "what is new and flagged" by the flagged rows' time, likeness by the vector. */
export function resultIndexes(tables: EnrichmentTables): readonly string[] {
  const table = resultTable(tables.enrichment);
  const index = (purpose: 'ranked' | 'flagged' | 'similar'): string =>
    quoteIdentifier(indexName(tables.enrichment, purpose));
  const first = tables.outputs[0];
  if (first === undefined) return [];
  if (tables.chunked) {
    const operators = first.type.replace(/halfvec\(\d+\)$/, 'halfvec_cosine_ops');
    return [
      `create index if not exists ${index('similar')} on ${table} using hnsw (${quoteIdentifier(first.name)} ${operators})`,
    ];
  }
  return [
    `create index if not exists ${index('ranked')} on ${table} (${quoteIdentifier(first.name)})`,
    `create index if not exists ${index('flagged')} on ${table} (scored_at) where flagged`,
  ];
}
