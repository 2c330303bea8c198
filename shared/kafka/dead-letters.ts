import { hash } from 'node:crypto';
import { cloudEventHeaders } from '../contracts/cloud-events.ts';
import type { DeadLetter, Failure, RowKey } from '../contracts/events.ts';
import { instantFromMilliseconds } from '../contracts/instant.ts';
import { deadTopic } from '../contracts/topics.ts';
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
      value_base64: value.toString('base64'),
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
