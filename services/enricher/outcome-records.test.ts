import { describe, expect, test } from 'vitest';
import { type ChangeEvent, deadLetter, enrichedEvent } from '../../shared/contracts/events.ts';
import { ENRICHED_MESSAGE_BYTES_MAX } from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { RecordBatch } from '../../shared/kafka/produce/record-batch.ts';
import type { TopicRecord } from '../../shared/kafka/producer.ts';
import type { AnsweredRow } from './ask.ts';
import { type OutcomeContext, outcomeRecords } from './outcome-records.ts';
import { type Prepared, prepare } from './prepare.ts';

const program: EnrichmentProgram = {
  columns: ['kind', 'amount'],
  when: (row) => row.kind === 'purchase',
  input(row) {
    if (row.amount === 'broken')
      throw new Fault('input', 'evaluation_error', 'input amount: failed on this row');
    return [Number(row.amount)];
  },
  language: () => undefined,
  flag: (outputs) => Number(outputs.score) >= 0.9,
  decide: (outputs) => (Number(outputs.score) >= 0.9 ? { action: 'hold', rule: 'score >= 0.9' } : undefined),
};
const context: OutcomeContext = {
  pipeline: 'afterglow',
  enrichment: 'fraud',
  revision: 3,
  policyVersion: 'p1',
  model: { kind: 'sagemaker', name: 'fraud-xgboost', version: '2026-10' },
  program,
  nowMs: () => 1_700_000_001_000,
};

function change(
  op: ChangeEvent['op'],
  after: ChangeEvent['after'],
  source: Partial<ChangeEvent['source']> = {},
): ChangeEvent {
  return {
    before: null,
    after,
    op,
    ts_ms: 1_700_000_000_200,
    ts_us: 1_700_000_000_200_000,
    source: {
      epoch: 1,
      commit_lsn: '00000000/00000020',
      event_index: 0,
      connector: 'postgresql',
      version: '18.4',
      name: 'afterglow',
      db: 'shop',
      schema: 'public',
      table: 'transactions',
      snapshot: 'false',
      ts_ms: 1_700_000_000_123,
      ts_us: 1_700_000_000_123_456,
      txId: 1,
      lsn: 1,
      sequence: null,
      schema_version: 1,
      ...source,
    },
  };
}

const preparation = { enrichment: 'fraud', program, keyColumns: ['id'] };

function fetched(value: string | null, key = '{"id":"7"}'): FetchedRecord {
  return {
    topic: 'afterglow.cdc.public.transactions',
    partition: 4,
    offset: 11n,
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestampMs: 0,
    assignment: { current: true },
  };
}

const ok = (score: number): AnsweredRow => ({
  outcome: { kind: 'ok', result: { score }, costNanoUsd: 0 },
  attempts: 1,
  cached: false,
  modelMs: 12.3456,
  batchRows: 3,
});

function settledRecords(prepared: Prepared, answered?: AnsweredRow) {
  if (prepared.kind === 'incomplete') throw new Error('the change does not carry every column');
  const { records } = outcomeRecords({ prepared, answered }, context);
  return records.map((record) => ({
    ...record,
    body: record.value === null ? null : JSON.parse(String(record.value)),
  }));
}
const prepared = (event: ChangeEvent): Prepared =>
  prepare(fetched(JSON.stringify(event), event.op === 't' ? '{}' : undefined), preparation);
const purchase = { id: '7', kind: 'purchase', amount: '12.50' };

describe('the outcome of a change', () => {
  test('scored: complete, flagged and decided, on the partition it came from', () => {
    const [record] = settledRecords(prepared(change('c', purchase)), ok(0.95));
    expect(record).toMatchObject({ topic: 'afterglow.enriched.fraud', partition: 4, key: '{"id":"7"}' });
    expect(enrichedEvent.safeParse(record?.body).success).toBe(true);
    expect(record?.body).toMatchObject({
      key: { id: '7' },
      status: 'scored',
      revision: 3,
      result: { score: 0.95 },
      flagged: true,
      model_ms: 12.346,
      batch_rows: 3,
      decision: { action: 'hold', rule: 'score >= 0.9', policy_version: 'p1' },
      as_of: '2023-11-14T22:13:20.123456Z',
    });
  });

  for (const [name, event, answered, expected] of [
    [
      'when is false: skipped, no call',
      change('c', { ...purchase, kind: 'refund' }),
      undefined,
      { status: 'skipped', reason: 'when' },
    ],
    ['delete: deleted', change('d', null), undefined, { status: 'deleted', cause: 'delete' }],
    ['truncate: truncated, without a key', change('t', null), undefined, { status: 'truncated', key: {} }],
    [
      'an expression that fails on the row: failed as input',
      change('c', { ...purchase, amount: 'broken' }),
      undefined,
      { status: 'failed', error: { kind: 'input', code: 'evaluation_error' } },
    ],
    [
      'a row the model refuses alone: failed as rejected_item',
      change('c', purchase),
      {
        outcome: { kind: 'rejected', fault: new Fault('rejected_batch', 'ModelError', 'refused') },
        attempts: 2,
        cached: false,
        modelMs: 0,
        batchRows: 0,
      },
      { status: 'failed', error: { kind: 'rejected_item', code: 'ModelError', attempts: 2 } },
    ],
  ] as [string, ChangeEvent, AnsweredRow | undefined, object][]) {
    test(name, () => {
      const records = settledRecords(prepared(event), answered);
      const outcome = records.find(
        ({ topic, value }) => topic === 'afterglow.enriched.fraud' && value !== null,
      );
      expect(enrichedEvent.safeParse(outcome?.body).success).toBe(true);
      expect(outcome?.body).toMatchObject(expected);
    });
  }

  test('a failed row is archived byte for byte before its outcome', () => {
    const event = change('c', { ...purchase, amount: 'broken' });
    const [letter, outcome] = settledRecords(prepared(event));
    expect(letter?.topic).toBe('afterglow.dead.fraud');
    expect(deadLetter.safeParse(letter?.body).success).toBe(true);
    expect(Buffer.from(letter?.body.original.value_base64, 'base64').toString()).toBe(JSON.stringify(event));
    expect(outcome?.body.dead_letter_id).toBe(letter?.body.id);
  });

  test('an outcome that needed no call names no batch', () => {
    const [record] = settledRecords(prepared(change('u', purchase)), {
      ...ok(0.5),
      cached: true,
      batchRows: 0,
    });
    expect(record?.body).toMatchObject({ status: 'scored', cached: true });
    expect(record?.body).not.toHaveProperty('batch_rows');
  });

  test('a deletion is followed by the tombstone of its key', () => {
    const records = settledRecords(prepared(change('d', null)));
    expect(records.map(({ value }) => value === null)).toEqual([false, true]);
  });

  test('an outcome that no record of its topic can hold is failed and archived, and the next one is not', () => {
    const large = (bytes: number) =>
      settledRecords(prepared(change('c', purchase)), {
        ...ok(0.1),
        outcome: { kind: 'ok', result: { score: 0.1, text: 'é'.repeat(bytes / 2) }, costNanoUsd: 5 },
      });
    const [letter, outcome] = large(ENRICHED_MESSAGE_BYTES_MAX);
    expect(deadLetter.safeParse(letter?.body).success).toBe(true);
    expect(outcome?.body).toMatchObject({
      status: 'failed',
      error: { kind: 'contract', code: 'outcome_too_large', attempts: 1 },
    });
    const [whole] = large(ENRICHED_MESSAGE_BYTES_MAX - 10_000);
    expect(whole?.body).toMatchObject({ status: 'scored' });
    const batch = new RecordBatch();
    batch.append(whole as TopicRecord);
    expect(batch.bytes).toBeLessThanOrEqual(ENRICHED_MESSAGE_BYTES_MAX);
  });

  test('the most vectors that a row can have fit into its topic', () => {
    const vector_f32le_base64 = Buffer.alloc(4 * 1536, 1).toString('base64');
    const place = { start: 1_000_000, end: 1_008_000, tokens: 8_000 };
    const chunks = Array.from({ length: 64 }, () => ({ ...place, vector_f32le_base64 }));
    const [record] = settledRecords(prepared(change('c', purchase)), {
      ...ok(0.1),
      outcome: {
        kind: 'ok',
        result: { score: 0, dimensions: 1536, truncated: true, chunks },
        costNanoUsd: 5,
      },
    });
    expect(record?.body).toMatchObject({ status: 'scored' });
  });

  test('tombstones and redo events for other enrichments get no outcome', () => {
    const redo = { enrichments: ['churn'], reason: 'backfill', job: 'j' } as const;
    expect(settledRecords(prepare(fetched(null), preparation))).toEqual([]);
    expect(settledRecords(prepared(change('r', purchase, { redo })))).toEqual([]);
  });

  test('what is no change event at all is archived, and gets no outcome', () => {
    for (const value of ['', 'not json', '{}', '[1]', '{"op":"c"}']) {
      const records = settledRecords(prepare(fetched(value), preparation));
      expect(records.map(({ topic }) => topic)).toEqual(['afterglow.dead.fraud']);
    }
  });

  test('a record whose key is not the key of a row of the source is archived, and gets no outcome', () => {
    for (const key of ['{}', '{"other":"7"}', '{"id":"7","more":1}', '{"id":null}', '[]', '7', 'x']) {
      const record = fetched(JSON.stringify(change('c', purchase)), key);
      const records = settledRecords(prepare(record, preparation));
      expect(records.map(({ topic }) => topic)).toEqual(['afterglow.dead.fraud']);
    }
  });

  test('the event id is the same on every redelivery and differs between positions', () => {
    const id = (event: ChangeEvent) => settledRecords(prepared(event), ok(0.1))[0]?.headers?.ce_id;
    expect(id(change('c', purchase))).toBe(id(change('c', purchase)));
    expect(id(change('c', purchase))).not.toBe(id(change('c', purchase, { event_index: 1 })));
  });
});
