// The writer's check of an outcome: by hand for its speed, held equal to the schema by a property test.
import type { Embedding, EnrichedEvent, RowKey } from './events.ts';

export type AnyEnrichedEvent = EnrichedEvent<Readonly<Record<string, unknown>>>;

const LSN = /^[0-9A-F]{8}\/[0-9A-F]{8}$/;
const INSTANT = /^\d{4,}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;
const SHA256 = /^[0-9a-f]{64}$/;
const SKIP_REASONS = new Set<unknown>(['when', 'empty_input', 'unsupported_language']);
const CAUSES = new Set<unknown>(['delete', 'gone', 'swept']);
const FAILURE_KINDS = new Set<unknown>([
  'rejected_item',
  'contract',
  'input',
  'undecodable',
  'refused_by_database',
  'unknown',
]);

type Fields = Readonly<Record<string, unknown>>;

/** True for what the schema accepts; fields it does not know are ignored. */
export function isEnrichedEvent(value: unknown): value is AnyEnrichedEvent {
  return (
    isFields(value) &&
    isRowKey(value.key) &&
    isText(value.enrichment) &&
    isSource(value.source) &&
    isCount(value.revision) &&
    value.revision >= 1 &&
    matches(value.as_of, INSTANT) &&
    (value.input_hash === null || matches(value.input_hash, SHA256)) &&
    matches(value.enriched_at, INSTANT) &&
    hasItsStatus(value)
  );
}

/** The result of kinds that make vectors: true for what the schema accepts. */
export function isEmbedding(result: Fields): result is Embedding {
  const { dimensions, truncated, chunks } = result;
  return (
    isCount(dimensions) &&
    dimensions >= 1 &&
    typeof truncated === 'boolean' &&
    Array.isArray(chunks) &&
    chunks.every((chunk) => isChunk(chunk))
  );
}

function isChunk(chunk: unknown): boolean {
  return (
    isFields(chunk) &&
    isCount(chunk.start) &&
    isCount(chunk.end) &&
    chunk.end >= 1 &&
    isCount(chunk.tokens) &&
    isText(chunk.vector_f32le_base64)
  );
}

function hasItsStatus(event: Fields): boolean {
  switch (event.status) {
    case 'scored':
      return isScored(event);
    case 'skipped':
      return SKIP_REASONS.has(event.reason);
    case 'failed':
      return isFailure(event.error) && isText(event.dead_letter_id);
    case 'over_budget':
      return isText(event.limit) && matches(event.resets_at, INSTANT);
    case 'deleted':
      return CAUSES.has(event.cause);
    default:
      return event.status === 'truncated';
  }
}

function isScored(event: Fields): boolean {
  return (
    isFields(event.result) &&
    (!('flagged' in event) || typeof event.flagged === 'boolean') &&
    (!('decision' in event) || hasTexts(event.decision, 'action', 'rule', 'policy_version')) &&
    hasTexts(event.model, 'kind', 'name', 'version') &&
    typeof event.cached === 'boolean' &&
    isCount(event.cost_nano_usd) &&
    isCount(event.attempts) &&
    typeof event.model_ms === 'number' &&
    event.model_ms >= 0 &&
    (!('batch_rows' in event) || (isCount(event.batch_rows) && event.batch_rows >= 1))
  );
}

function isFailure(failure: unknown): boolean {
  return (
    isFields(failure) &&
    FAILURE_KINDS.has(failure.kind) &&
    hasTexts(failure, 'code', 'message') &&
    isCount(failure.attempts) &&
    (!('http_status' in failure) || Number.isSafeInteger(failure.http_status)) &&
    (!('request_id' in failure) || isText(failure.request_id))
  );
}

function isSource(source: unknown): boolean {
  return (
    isFields(source) &&
    isCount(source.epoch) &&
    matches(source.commit_lsn, LSN) &&
    isCount(source.event_index) &&
    isText(source.table) &&
    matches(source.committed_at, INSTANT)
  );
}

export function isRowKey(key: unknown): key is RowKey {
  if (!isFields(key)) return false;
  return Object.values(key).every(
    (part) => isText(part) || typeof part === 'boolean' || Number.isFinite(part),
  );
}

function hasTexts(value: unknown, ...names: readonly string[]): boolean {
  return isFields(value) && names.every((name) => isText(value[name]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const matches = (value: unknown, pattern: RegExp): boolean => isText(value) && pattern.test(value);
