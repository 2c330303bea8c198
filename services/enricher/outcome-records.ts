import { cloudEventHeaders } from '../../shared/contracts/cloud-events.ts';
import type { EnrichedEvent, EnrichedStatus, Failure } from '../../shared/contracts/events.ts';
import { instantFromMicroseconds, instantFromMilliseconds } from '../../shared/contracts/instant.ts';
import { ENRICHED_MESSAGE_BYTES_MAX, enrichedTopic } from '../../shared/contracts/topics.ts';
import { asFault, Fault } from '../../shared/errors/policy.ts';
import type { EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { deadLetterRecord, failureOf } from '../../shared/kafka/dead-letters.ts';
import type { TopicRecord } from '../../shared/kafka/producer.ts';
import type { ModelId } from '../../shared/models/model.ts';
import type { AnsweredRow } from './ask.ts';
import type { Change } from './prepare.ts';
import type { SettledRow } from './settle.ts';

export interface OutcomeContext {
  readonly pipeline: string;
  readonly enrichment: string;
  readonly revision: number;
  /** Of the rules that decide; a change of rules is a change of revision. */
  readonly policyVersion: string;
  readonly model: ModelId;
  readonly program: EnrichmentProgram;
  readonly nowMs: () => number;
}

/** What goes to Kafka for one row: its outcome, on the partition it came from, and its archive if it failed. */
export interface OutcomeRecords {
  /** undefined: none, since it is not addressed to this enrichment, or what there is stands. */
  readonly status: EnrichedStatus | 'unreadable' | undefined;
  readonly flagged: boolean;
  readonly records: readonly TopicRecord[];
}

/** Headers without the key, and the batch around a record. */
const RECORD_OVERHEAD_BYTES = 4_096;
/** Of a character of the key, which is also in a header, percent-encoded. */
const KEY_BYTES_MAX = 3 + 9;
const TOO_LARGE = new Fault(
  'contract',
  'outcome_too_large',
  `The outcome would take more than the ${ENRICHED_MESSAGE_BYTES_MAX} bytes that a record of its topic may have.`,
);

const NOTHING: OutcomeRecords = { status: undefined, flagged: false, records: [] };

/** Pure but for the clock: exactly one complete outcome per change addressed to the enrichment, unless the one before stands. */
export function outcomeRecords(row: SettledRow, context: OutcomeContext): OutcomeRecords {
  const { prepared, answered } = row;
  switch (prepared.kind) {
    case 'pass':
      return NOTHING;
    case 'unreadable': {
      const letter = deadLetter(prepared.record, undefined, failureOf(prepared.fault, 0), context);
      return { status: 'unreadable', flagged: false, records: [letter.record] };
    }
    case 'truncated':
      return outcome(
        { ...beside(prepared.change, context, null), key: {}, status: 'truncated' },
        prepared.change,
        context,
      );
    case 'deleted': {
      const event = {
        ...beside(prepared.change, context, null),
        status: 'deleted',
        cause: prepared.cause,
      } as const;
      const { status, flagged, records } = outcome(event, prepared.change, context);
      // The tombstone lets Kafka forget the key once every consumer has had time to see the deletion.
      return { status, flagged, records: [...records, tombstone(prepared.change, context)] };
    }
    case 'skipped': {
      const event = {
        ...beside(prepared.change, context, null),
        status: 'skipped',
        reason: prepared.reason,
      } as const;
      return outcome(event, prepared.change, context);
    }
    case 'failed':
      return failed(prepared.change, prepared.fault, 0, null, context);
    case 'ask': {
      if (answered?.outcome.kind === 'kept') return NOTHING;
      const { inputHash } = prepared;
      if (answered === undefined) throw new RangeError('a row that asked the model has no answer');
      const { outcome: answer, attempts } = answered;
      if (answer.kind === 'skip') {
        const event = {
          ...beside(prepared.change, context, inputHash),
          status: 'skipped',
          reason: answer.reason,
        } as const;
        return outcome(event, prepared.change, context);
      }
      if (answer.kind === 'rejected')
        return failed(prepared.change, answer.fault, attempts, inputHash, context);
      if (answer.kind === 'over_budget') {
        const { limit, resetsAt } = answer;
        const event = {
          ...beside(prepared.change, context, inputHash),
          status: 'over_budget',
          limit,
          resets_at: resetsAt,
        } as const;
        return outcome(event, prepared.change, context);
      }
      return scored(prepared.change, inputHash, answer, answered, context);
    }
  }
}

function scored(
  change: Change,
  inputHash: string,
  answer: { readonly result: Readonly<Record<string, unknown>>; readonly costNanoUsd: number },
  call: Omit<AnsweredRow, 'outcome'>,
  context: OutcomeContext,
): OutcomeRecords {
  const { program } = context;
  let verdict: { flagged?: boolean; decision?: { action: string; rule: string; policy_version: string } };
  try {
    verdict = judge(answer.result, context);
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind !== 'input') throw error;
    return failed(change, fault, call.attempts, inputHash, context);
  }
  const records = outcome(
    {
      ...beside(change, context, inputHash),
      status: 'scored',
      result: answer.result,
      ...verdict,
      model: context.model,
      cached: call.cached,
      cost_nano_usd: answer.costNanoUsd,
      attempts: call.attempts,
      model_ms: Math.round(call.modelMs * 1000) / 1000,
      ...(call.batchRows > 0 ? { batch_rows: call.batchRows } : {}),
    },
    change,
    context,
  );
  // No repetition would bring it into the topic: every row behind it would wait for ever.
  return records.records.every(fits) ? records : failed(change, TOO_LARGE, call.attempts, inputHash, context);

  function judge(result: Readonly<Record<string, unknown>>, { policyVersion }: OutcomeContext) {
    const outputs = result as Parameters<NonNullable<EnrichmentProgram['flag']>>[0];
    const flagged = program.flag?.(outputs);
    const decided = program.decide?.(outputs);
    return {
      ...(flagged === undefined ? {} : { flagged }),
      ...(decided === undefined ? {} : { decision: { ...decided, policy_version: policyVersion } }),
    };
  }
}

function failed(
  change: Change,
  fault: Fault,
  attempts: number,
  inputHash: string | null,
  context: OutcomeContext,
): OutcomeRecords {
  const failure = failureOf(fault, attempts);
  const letter = deadLetter(change.record, change, failure, context);
  const event = {
    ...beside(change, context, inputHash),
    status: 'failed',
    error: failure,
    dead_letter_id: letter.id,
  } as const;
  const { status, flagged, records } = outcome(event, change, context);
  // The archive first: an outcome that points to nothing would be worse than an archive nobody points to.
  return { status, flagged, records: [letter.record, ...records] };
}

function beside(change: Change, context: OutcomeContext, inputHash: string | null) {
  const { source } = change.event;
  const committedAt = instantFromMicroseconds(source.ts_us);
  return {
    key: change.key,
    enrichment: context.enrichment,
    source: {
      epoch: source.epoch,
      commit_lsn: source.commit_lsn,
      event_index: source.event_index,
      table: `${source.schema}.${source.table}`,
      committed_at: committedAt,
    },
    revision: context.revision,
    as_of: change.asOf ?? committedAt,
    input_hash: inputHash,
    enriched_at: instantFromMilliseconds(context.nowMs()),
  };
}

function outcome(
  event: EnrichedEvent<Readonly<Record<string, unknown>>>,
  change: Change,
  context: OutcomeContext,
): OutcomeRecords {
  const { source } = event;
  const identity = [
    event.enrichment,
    change.keyText,
    source.epoch,
    source.commit_lsn,
    source.event_index,
    event.revision,
    event.status,
  ];
  return {
    status: event.status,
    flagged: event.status === 'scored' && event.flagged === true,
    records: [
      {
        topic: enrichedTopic(context.pipeline, context.enrichment),
        partition: change.record.partition,
        key: change.keyText,
        value: JSON.stringify(event),
        headers: cloudEventHeaders({
          kind: 'enriched',
          pipeline: context.pipeline,
          enrichment: context.enrichment,
          identity: JSON.stringify(identity),
          table: source.table,
          keyText: change.keyText,
          time: event.enriched_at,
        }),
      },
    ],
  };
}

/** A character is at most three bytes, so that most outcomes need no counting. */
function fits({ key, value }: TopicRecord): boolean {
  const keyBytes = KEY_BYTES_MAX * (key?.length ?? 0);
  const bytesMax = ENRICHED_MESSAGE_BYTES_MAX - RECORD_OVERHEAD_BYTES - keyBytes;
  return value === null || 3 * value.length <= bytesMax || Buffer.byteLength(value) <= bytesMax;
}

function tombstone(change: Change, context: OutcomeContext): TopicRecord {
  const topic = enrichedTopic(context.pipeline, context.enrichment);
  return { topic, partition: change.record.partition, key: change.keyText, value: null };
}

function deadLetter(
  record: FetchedRecord,
  change: Change | undefined,
  failure: Failure,
  context: OutcomeContext,
) {
  const { pipeline, enrichment, model } = context;
  const row = change && {
    key: change.key,
    keyText: change.keyText,
    table: `${change.event.source.schema}.${change.event.source.table}`,
  };
  return deadLetterRecord({
    pipeline,
    enrichment,
    stage: 'enrich',
    record,
    row,
    failure,
    model,
    nowMs: context.nowMs(),
  });
}
