// The events on the topics, definitively: strict for us who write them, while readers ignore fields they do not know.
import { z } from 'zod';

/** bool; int2, int4, finite float: number; array: array; everything else (int8, numeric, json, NaN, ...): PostgreSQL's text. */
export type ColumnValue = null | boolean | number | string | readonly ColumnValue[];
export type Row = Readonly<Record<string, ColumnValue>>;
/** Identity columns in index order, also for one column. */
export type RowKey = Readonly<Record<string, boolean | number | string>>;

/** What stands in a row for a value that the event does not carry: `unchanged` and `omitted` name the columns. */
export const UNAVAILABLE_VALUE = '__debezium_unavailable_value';

const lsn = z.string().regex(/^[0-9A-F]{8}\/[0-9A-F]{8}$/);
const instant = z.string().regex(/^\d{4,}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
const columnValue: z.ZodType<ColumnValue> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(columnValue)]),
);
const row = z.record(z.string(), columnValue);
const rowKey = z
  .record(z.string(), z.union([z.boolean(), z.number(), z.string()]))
  .describe('Identity columns of the row, normally the primary key; int8 and numeric are texts.');
const position = {
  epoch: z.int().min(0).describe('Counts the histories of the database; compared first.'),
  commit_lsn: lsn.describe('Log position of the commit, padded: text order is log order. Compared second.'),
  event_index: z.int().min(0).describe('Place among the row events of the transaction. Compared third.'),
};

export const redoReason = z.enum([
  'snapshot',
  'backfill',
  'reenrich',
  'replay',
  'repair',
  'refresh',
  'redecide',
  'gap',
  'over_budget',
]);
export type RedoReason = z.infer<typeof redoReason>;

export const changeEvent = z.object({
  before: row.nullable(),
  after: row.nullable(),
  op: z.enum(['c', 'u', 'd', 'r', 't']),
  ts_ms: z.int(),
  ts_us: z.int(),
  source: z.object({
    ...position,
    connector: z.literal('postgresql'),
    version: z.string(),
    name: z.string(),
    db: z.string(),
    schema: z.string(),
    table: z.string(),
    snapshot: z.enum(['true', 'last', 'false', 'incremental']),
    ts_ms: z.int(),
    ts_us: z.int(),
    txId: z.int().nullable(),
    lsn: z.int().nullable(),
    sequence: z.string().nullable(),
    unchanged: z.array(z.string()).readonly().exactOptional(),
    omitted: z.array(z.string()).readonly().exactOptional(),
    schema_version: z.int().min(1),
    redo: z
      .object({ enrichments: z.array(z.string()).readonly(), reason: redoReason, job: z.string() })
      .exactOptional(),
  }),
});
/** A change on `<pipeline>.cdc.<schema>.<table>`: Debezium's envelope, our values. */
export type ChangeEvent = Readonly<z.infer<typeof changeEvent>>;

const modelId = z
  .object({ kind: z.string(), name: z.string(), version: z.string() })
  .describe('What gave the result.');
const decision = z
  .object({
    action: z.string(),
    rule: z.string().describe('The condition that held, or "rest".'),
    policy_version: z.string().describe('Changes when the rules do.'),
  })
  .describe('Present when the enrichment has rules and one of them held.');
export type Decision = Readonly<z.infer<typeof decision>>;

const failure = z.object({
  kind: z.enum(['rejected_item', 'contract', 'input', 'undecodable', 'refused_by_database', 'unknown']),
  code: z.string().describe('More exact than the kind; for machines.'),
  message: z.string().describe('For people; never holds a row value.'),
  attempts: z.int().min(0),
  http_status: z.int().exactOptional(),
  request_id: z.string().exactOptional(),
});
/** Why a row failed. The message never holds a row value. */
export type Failure = Readonly<z.infer<typeof failure>>;

const enrichedBase = {
  key: rowKey,
  enrichment: z.string(),
  source: z
    .object({
      ...position,
      table: z.string().describe('"schema.table".'),
      committed_at: instant.describe('When the change was committed.'),
    })
    .describe('The change that this answers: its position is the first part of the fence.'),
  revision: z
    .int()
    .min(1)
    .describe("Of the enrichment's definition; next part of the fence, after the position."),
  as_of: instant.describe('What `now` was in the expressions.'),
  input_hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .describe('Of what the model was given; null when nothing was.'),
  enriched_at: instant.describe('When this was made.'),
};

export const enrichedEvent = z.discriminatedUnion('status', [
  z.object({
    ...enrichedBase,
    status: z.literal('scored'),
    result: z.record(z.string(), z.unknown()).describe('The outputs of the model, by name.'),
    flagged: z.boolean().describe('Present when the enrichment has a flag.').exactOptional(),
    decision: decision.exactOptional(),
    model: modelId,
    cached: z.boolean().describe('Known already: no model was called for this row.'),
    cost_nano_usd: z.int().min(0).describe('Billionths of a US dollar.'),
    attempts: z.int().min(0),
    model_ms: z.number().min(0).describe('How long the model took.'),
    batch_rows: z
      .int()
      .min(1)
      .describe('Rows or chunks that shared the call; absent when none was made.')
      .exactOptional(),
  }),
  z.object({
    ...enrichedBase,
    status: z.literal('skipped'),
    reason: z.enum(['when', 'empty_input', 'unsupported_language']),
  }),
  z.object({ ...enrichedBase, status: z.literal('failed'), error: failure, dead_letter_id: z.string() }),
  z.object({ ...enrichedBase, status: z.literal('over_budget'), limit: z.string(), resets_at: instant }),
  z.object({ ...enrichedBase, status: z.literal('deleted'), cause: z.enum(['delete', 'gone', 'swept']) }),
  z
    .object({ ...enrichedBase, status: z.literal('truncated') })
    .describe('The table was emptied: everything at an older position is gone. Its key is {}.'),
]);

type WithResult<Event, Result> = Event extends { status: 'scored' }
  ? Omit<Event, 'result'> & { readonly result: Result }
  : Event;
/** On `<pipeline>.enriched.<enrichment>`: exactly one per change addressed to the enrichment, always complete. */
export type EnrichedEvent<Result = unknown> = Readonly<WithResult<z.infer<typeof enrichedEvent>, Result>>;
export type EnrichedStatus = EnrichedEvent['status'];

export const embedding = z.object({
  dimensions: z.int().min(1),
  truncated: z.boolean().describe('The text is longer than its chunks.'),
  chunks: z
    .array(
      z.object({
        start: z.int().min(0).describe('First code point of the text.'),
        end: z.int().min(1).describe('The code point after the last.'),
        tokens: z.int().min(0),
        vector_f32le_base64: z.string().describe('32-bit floats, little-endian, in base64.'),
      }),
    )
    .readonly(),
});
/** The result of kinds that make vectors: one per chunk of a text. */
export type Embedding = Readonly<z.infer<typeof embedding>>;

export const deadLetter = z.object({
  id: z.string(),
  stage: z.enum(['capture', 'enrich', 'write']),
  enrichment: z.string().nullable(),
  key: rowKey.nullable(),
  error: failure,
  failed_at: instant,
  model: modelId.exactOptional(),
  original: z.object({
    topic: z.string().nullable(),
    partition: z.int().nullable(),
    offset: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    bytes: z.int(),
    sha256: z.string(),
    value_base64: z.string().nullable(),
  }),
});
/** On `<pipeline>.dead.*`: an archive of what failed. Holds row data: protect it like the table. */
export type DeadLetter = Readonly<z.infer<typeof deadLetter>>;

export const cloudEventHeaders = z.object({
  'content-type': z.literal('application/json'),
  ce_specversion: z.literal('1.0'),
  ce_id: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('Equal on every redelivery.'),
  ce_type: z.enum(['dev.afterglow.enriched.v1', 'dev.afterglow.dead.v1']),
  ce_source: z.string().describe('/afterglow/<pipeline>/<enrichment>'),
  ce_subject: z.string().describe('<schema.table>/<key as JSON>, each percent-encoded.'),
  ce_time: instant,
  ce_dataschema: z.enum(['urn:afterglow:enriched:v1', 'urn:afterglow:dead:v1']),
  traceparent: z.string().exactOptional(),
});
/** Of enriched.* and dead.*: CloudEvents 1.0, Kafka binary mode. */
export type CloudEventHeaders = Readonly<z.infer<typeof cloudEventHeaders>>;

export const progressEvent = z.object({
  table: z.string(),
  from_commit_lsn: lsn,
  to_commit_lsn: lsn,
  epoch: z.int().min(0),
  transactions: z.int().min(1),
  /** Row events, tombstones not counted. */
  published: z.int().min(0),
  /** Changes that could not be decoded and stand in dead.capture. */
  parked: z.int().min(0),
  at: instant,
});
/** On `<pipeline>.progress`: what the reader published of a table in a window of ended transactions. */
export type ProgressEvent = Readonly<z.infer<typeof progressEvent>>;

const logPlace = z.object({ epoch: z.int().min(0), lsn });
const noticeBase = { at: instant, pipeline: z.string() };
const partitionNames = z.object({ count: z.int().min(0), names: z.array(z.string()).readonly() });
const columnDescription = z.object({ name: z.string(), type_oid: z.int() });
export const notice = z.discriminatedUnion('kind', [
  z.object({
    ...noticeBase,
    kind: z.literal('schema_change'),
    table: z.string(),
    schema_version: z.int().min(1),
    commit_lsn: lsn,
    columns: z.array(columnDescription).readonly(),
    added: z.array(z.string()).readonly(),
    removed: z.array(z.string()).readonly(),
    retyped: z.array(z.string()).readonly(),
  }),
  z.object({ ...noticeBase, kind: z.literal('truncate'), table: z.string(), ...position }),
  z.object({
    ...noticeBase,
    kind: z.literal('undecodable'),
    table: z.string().nullable(),
    commit_lsn: lsn,
    code: z.string(),
    dead_letter_id: z.string(),
  }),
  z.object({
    ...noticeBase,
    kind: z.literal('gap'),
    gap: z.string(),
    reason: z.string(),
    detail: z.string(),
    state: z.enum(['open', 'repairing', 'closed']),
    halts: z.boolean(),
    tables: z.array(z.string()).readonly(),
    from: logPlace,
    to: logPlace.nullable(),
  }),
  z.object({
    ...noticeBase,
    kind: z.literal('partition_maintenance'),
    change: z.string(),
    table: z.string(),
    /** With rows, or back after it was away; of each list the first hundred names. */
    attached: partitionNames,
    removed: partitionNames,
    /** Emptied, or written anew with everything in it. */
    rewritten: partitionNames,
    found_at: instant,
    found_lsn: lsn,
    /** Enrichments whose results without a row are still to be looked for; told again when they were. */
    to_sweep: z.array(z.string()).readonly(),
    /** The redo jobs that follow. */
    jobs: z.array(z.string()).readonly(),
  }),
  z.object({
    ...noticeBase,
    kind: z.literal('budget'),
    /** live: changes as they come. redo: what is read again. shadow: models that do not count yet. */
    purse: z.enum(['live', 'redo', 'shadow']),
    day: z.iso.date(),
    /** alert: the share of the limit that `budget.alert_at` names. reached: it does not reach for the next row. */
    level: z.enum(['alert', 'reached']),
    /** Whose rows wait or are over_budget; null: it is of the purse as a whole. */
    enrichment: z.string().nullable(),
    limit_nano_usd: z.int().min(0),
    /** Reserved for calls that are under way, too. */
    used_nano_usd: z.int().min(0),
    resets_at: instant,
  }),
]);
/** On `<pipeline>.notices`, keyed by kind: what nobody should have to find out by missing rows. */
export type Notice = Readonly<z.infer<typeof notice>>;
