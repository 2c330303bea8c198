import { hash } from 'node:crypto';
import { cloudEventHeaders } from '../contracts/cloud-events.ts';
import type { DeadLetter, Failure, RowKey } from '../contracts/events.ts';
import { instantFromMilliseconds } from '../contracts/instant.ts';
import type { Lsn } from '../contracts/position.ts';
import { CDC_MESSAGE_BYTES_MAX, deadCaptureTopic, deadTopic } from '../contracts/topics.ts';
import type { Fault } from '../errors/policy.ts';
import type { ModelId } from '../models/model.ts';
import type { FetchedRecord } from './consumer.ts';
import type { TopicRecord } from './producer.ts';

export interface DeadLetterFacts {
  readonly pipeline: string;
  readonly enrichment: string;
  readonly stage: 'enrich' | 'write';
  readonly record: FetchedRecord;
  /** undefined: not even the key could be read. */
  readonly row: { readonly key: RowKey; readonly keyText: string; readonly table: string } | undefined;
  readonly failure: Failure;
  readonly model?: ModelId;
  readonly nowMs: number;
}

/** The record as it came, byte for byte, with why it failed. Its id is the same however often it fails. */
export function deadLetterRecord(facts: DeadLetterFacts): {
  readonly id: string;
  readonly record: TopicRecord;
} {
  const { pipeline, enrichment, stage, record, row, failure, model, nowMs } = facts;
  const place = [stage, enrichment, record.topic, record.partition, String(record.offset)];
  const id = hash('sha256', JSON.stringify(place), 'hex');
  const failedAt = instantFromMilliseconds(nowMs);
  const value = record.value ?? Buffer.alloc(0);
  const keyText = row?.keyText ?? '{}';
  const letter: DeadLetter = {
    id,
    stage,
    enrichment,
    key: row?.key ?? null,
    error: failure,
    failed_at: failedAt,
    ...(model === undefined ? {} : { model }),
    original: {
      topic: record.topic,
      partition: record.partition,
      offset: String(record.offset),
      headers: {},
      bytes: value.length,
      sha256: hash('sha256', value, 'hex'),
      value_base64: value.length > ARCHIVED_BYTES_MAX ? null : value.toString('base64'),
    },
  };
  return {
    id,
    record: {
      topic: deadTopic(pipeline, enrichment),
      partition: record.partition,
      key: keyText,
      value: JSON.stringify(letter),
      headers: cloudEventHeaders({
        kind: 'dead',
        pipeline,
        enrichment,
        identity: id,
        table: row?.table ?? '',
        keyText,
        time: failedAt,
      }),
    },
  };
}

export interface CaptureLetterFacts {
  readonly pipeline: string;
  /** 'schema.table'; null when not even that can be read. */
  readonly table: string | null;
  readonly commitLsn: Lsn;
  /** Which message of its transaction: with the commit, the same on every replay. */
  readonly messageIndex: number;
  /** Which row of the message, where one brings several. */
  readonly rowIndex?: number | undefined;
  /** null: nothing names the row. */
  readonly key: RowKey | null;
  /** Of an update that gave the row another key. */
  readonly oldKey: RowKey | null;
  readonly raw: Buffer;
  /** The bytes may hold what must not go to a topic: only how many there are and their hash do. */
  readonly isWithheld?: boolean | undefined;
  readonly failure: Failure;
  readonly nowMs: number;
}

/** A change of the log that cannot be decoded, byte for byte as it came. */
export function captureLetterRecord(facts: CaptureLetterFacts): {
  readonly id: string;
  readonly record: TopicRecord;
} {
  const { pipeline, table, commitLsn, messageIndex, rowIndex, key, oldKey, raw, failure, nowMs } = facts;
  const isKept = facts.isWithheld !== true && raw.length <= ARCHIVED_BYTES_MAX;
  const place = [commitLsn, messageIndex, ...(rowIndex === undefined ? [] : [rowIndex])];
  const id = hash('sha256', JSON.stringify(['capture', ...place]), 'hex');
  const keyText = key === null ? '{}' : JSON.stringify(key);
  const failedAt = instantFromMilliseconds(nowMs);
  const letter: DeadLetter = {
    id,
    stage: 'capture',
    enrichment: null,
    key,
    error: failure,
    failed_at: failedAt,
    original: {
      topic: null,
      partition: null,
      offset: null,
      headers: {
        commit_lsn: commitLsn,
        message_index: String(messageIndex),
        table: table ?? '',
        ...(oldKey === null ? {} : { old_key: JSON.stringify(oldKey) }),
      },
      bytes: raw.length,
      sha256: hash('sha256', raw, 'hex'),
      value_base64: isKept ? raw.toString('base64') : null,
    },
  };
  const headers = cloudEventHeaders({
    kind: 'dead',
    pipeline,
    enrichment: 'capture',
    identity: id,
    table: table ?? '',
    keyText,
    time: failedAt,
  });
  return {
    id,
    record: {
      topic: deadCaptureTopic(pipeline),
      partition: 0,
      key: keyText,
      value: JSON.stringify(letter),
      headers,
    },
  };
}

/** Base64 makes it larger by a third, and dead letters may be twice a cdc record. */
const ARCHIVED_BYTES_MAX = 1.4 * CDC_MESSAGE_BYTES_MAX;

const FAILURE_KINDS: ReadonlySet<string> = new Set<Failure['kind']>([
  'rejected_item',
  'contract',
  'input',
  'undecodable',
  'refused_by_database',
  'unknown',
]);
const isFailureKind = (kind: string): kind is Failure['kind'] => FAILURE_KINDS.has(kind);

/** A batch refused down to its last row is a refused row. */
export function failureOf(fault: Fault, attempts: number): Failure {
  return {
    kind: isFailureKind(fault.kind) ? fault.kind : 'rejected_item',
    code: fault.code,
    message: fault.message,
    attempts,
    ...(fault.httpStatus === undefined ? {} : { http_status: fault.httpStatus }),
    ...(fault.requestId === undefined ? {} : { request_id: fault.requestId }),
  };
}
