// Every name of ours inside the database. Table and function names are SQL text: qualified, quoted, ready to be used.
import { createHash } from 'node:crypto';
import { quoteIdentifier } from '../postgres/connect.ts';

/** What users read. */
export const SCHEMA = 'afterglow';
/** What is only ours. */
export const INTERNAL_SCHEMA = 'afterglow_internal';

const IDENTIFIER_BYTES_MAX = 63;
const SHORTENED_BYTES = 50;

const ours = (name: string): string => `${quoteIdentifier(INTERNAL_SCHEMA)}.${quoteIdentifier(name)}`;
const users = (name: string): string => `${quoteIdentifier(SCHEMA)}.${quoteIdentifier(name)}`;

export const qualifiedName = (schema: string, name: string): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

export const INTERNAL_TABLES = [
  'migrations',
  'pipeline',
  'revisions',
  'positions',
  'truncate_fences',
  'topic_partitions',
  'known_groups',
  'late_keys',
  'written_outcomes',
  'crash_counts',
  'schema_versions',
  'redo_keys',
  'redo_jobs',
  'gap_keys',
  'gaps',
  'partitions',
  'partition_changes',
  'request_cache',
  'cache_seal',
  'dropped_letters',
  'audits',
  'cutovers',
  'ledger',
  'leases',
  'budget',
  'budget_alerts',
  'unpaid_redos',
] as const;
export type InternalTable = (typeof INTERNAL_TABLES)[number];
const internalTable = (name: InternalTable): string => ours(name);

export const MIGRATIONS = internalTable('migrations');
export const PIPELINE = internalTable('pipeline');
export const REVISIONS = internalTable('revisions');
export const POSITIONS = internalTable('positions');
export const TRUNCATE_FENCES = internalTable('truncate_fences');
export const TOPIC_PARTITIONS = internalTable('topic_partitions');
export const KNOWN_GROUPS = internalTable('known_groups');
export const LATE_KEYS = internalTable('late_keys');
export const WRITTEN_OUTCOMES = internalTable('written_outcomes');
export const CRASH_COUNTS = internalTable('crash_counts');
export const SCHEMA_VERSIONS = internalTable('schema_versions');
export const REDO_KEYS = internalTable('redo_keys');
export const REDO_JOBS = internalTable('redo_jobs');
export const GAPS = internalTable('gaps');
export const GAP_KEYS = internalTable('gap_keys');
export const PARTITIONS = internalTable('partitions');
export const PARTITION_CHANGES = internalTable('partition_changes');
export const DROPPED_LETTERS = internalTable('dropped_letters');
export const AUDITS = internalTable('audits');
export const CUTOVERS = internalTable('cutovers');
export const REQUEST_CACHE = internalTable('request_cache');
export const CACHE_SEAL = internalTable('cache_seal');
export const LEDGER = internalTable('ledger');
export const LEASES = internalTable('leases');
export const BUDGET = internalTable('budget');
export const BUDGET_ALERTS = internalTable('budget_alerts');
export const UNPAID_REDOS = internalTable('unpaid_redos');

/** Position and outcome of every key: the only fenced table of an enrichment. */
export const stateTable = (enrichment: string): string => ours(stateTableName(enrichment));
export const stateTableName = (enrichment: string): string => `state_${enrichment}`;
/** The newest result of every scored key. */
export const resultTable = (enrichment: string): string => users(enrichment);
/** Indexes share their names with tables; with a hyphen in it no name is that of another enrichment's table. */
export const indexName = (table: string, purpose: IndexPurpose): string => `${table}-${purpose}`;
export const INDEX_PURPOSES = ['key', 'ranked', 'flagged', 'similar', 'deleted', 'over_budget'] as const;
export type IndexPurpose = (typeof INDEX_PURPOSES)[number];

/** Source rows with their results beside them. */
export const enrichedView = (source: string): string => users(enrichedViewName(source));
export const enrichedViewName = (source: string): string => `${source}_enriched`;
/** A function's columns are fixed for its life, so a view that grows gets the next version. */
export const viewFunction = (source: string, version: number): string =>
  ours(viewFunctionName(source, version));
export const viewFunctionName = (source: string, version: number): string =>
  `${viewFunctionPrefix(source)}${version}`;
export const viewFunctionPrefix = (source: string): string => `${enrichedViewName(source)}_`;
/** Writes the query of the view anew after the source has changed. */
export const mendFunction = (source: string): string => ours(mendFunctionName(source));
export const mendFunctionName = (source: string): string => `${viewFunctionPrefix(source)}mend`;

/** `afterglow.fraud_score(id)`: one output of one row. */
export const outputFunction = (enrichment: string, output: string): string =>
  users(outputFunctionName(enrichment, output));
export const outputFunctionName = (enrichment: string, output: string): string => `${enrichment}_${output}`;

/** `afterglow.similar(enrichment, query, k, min_similarity)`. */
export const similarFunctionName = 'similar';
export const similarFunction = users(similarFunctionName);

/** The state table's column for a key column of the source; result table and view keep the plain name. */
export function keyColumn(column: string): string {
  const name = `key_${column}`;
  if (Buffer.byteLength(name) <= IDENTIFIER_BYTES_MAX) return name;
  // PostgreSQL would cut both of two long names that differ at the end to the same one.
  const digest = createHash('sha256').update(column).digest('hex').slice(0, 8);
  let shortened = name;
  while (Buffer.byteLength(shortened) > SHORTENED_BYTES) shortened = [...shortened].slice(0, -1).join('');
  return `${shortened}_${digest}`;
}

export type ViewColumn = 'status' | 'flagged' | 'decision' | 'scored_at';
/** A column that an enrichment adds to the view of its source: one of ours, or an output. */
export const viewColumn = (enrichment: string, column: ViewColumn | (string & {})): string =>
  `${enrichment}_${column}`;

export const publicationName = (pipeline: string): string => pipeline;
export const slotName = (pipeline: string): string => pipeline;

export const ROLES = ['reader', 'enricher', 'writer', 'viewer'] as const;
export type Role = (typeof ROLES)[number];
export const roleName = (pipeline: string, role: Role): string => `${pipeline}_${role}`;

/**
 * PostgreSQL's own role for whoever has to see how long transactions of others are open, and whether they wait. It would
 * show their statements, too, which nobody here asks for.
 */
export const ACTIVITY_ROLE = 'pg_read_all_stats';

/** Two set-ups of one database at the same time wait for each other on this advisory lock ('aftg'). */
export const INIT_LOCK = 0x61667467;
/** Whoever takes money waits here for whoever is taking some ('afth'). */
export const SPEND_LOCK = 0x61667468;
/** Two who list the same enrichment's rows over budget: a lock of its own, since a long list must not keep money from anybody ('afti'). */
export const OVER_BUDGET_LOCK = 0x61667469;

/** A string that may hold any identifier: the tag is one that is not in it. */
export function dollarQuoted(text: string): string {
  let tag = '$afterglow$';
  for (let number = 1; text.includes(tag); number += 1) tag = `$afterglow${number}$`;
  return `${tag}${text}${tag}`;
}
