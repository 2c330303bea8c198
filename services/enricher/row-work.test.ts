import { describe, expect, test } from 'vitest';
import type { ChangeEvent, RedoReason } from '../../shared/contracts/events.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { EnrichmentProgram } from '../../shared/expressions/enrichment-program.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { RowInput } from '../../shared/models/model.ts';
import { inputHashOf } from '../../shared/models/row-input.ts';
import type { AnsweredRow } from './ask.ts';
import type { CompletedRow, RowToComplete } from './completion-read.ts';
import { type Incomplete, type Prepared, prepare } from './prepare.ts';
import { askOnce, completeRow, type RowWorkParts } from './row-work.ts';

const PLACEHOLDER = '__debezium_unavailable_value';
const program: EnrichmentProgram = {
  columns: ['kind', 'body'],
  when: (row) => row.kind === 'review',
  input: (row) => String(row.body),
  language: () => undefined,
};
const asked: AnsweredRow = {
  outcome: { kind: 'ok', result: { label: 'NEUTRAL' }, costNanoUsd: 5 },
  attempts: 1,
  modelMs: 2,
  batchRows: 1,
  cached: false,
};

function change(
  op: ChangeEvent['op'],
  after: ChangeEvent['after'],
  source: Partial<ChangeEvent['source']> = {},
): FetchedRecord {
  const event: ChangeEvent = {
    before: null,
    after,
    op,
    ts_ms: 1_700_000_000_200,
    ts_us: 1_700_000_000_200_000,
    source: {
      epoch: 2,
      commit_lsn: '00000000/00000020',
      event_index: 0,
      connector: 'postgresql',
      version: '18.4',
      name: 'afterglow',
      db: 'shop',
      schema: 'public',
      table: 'reviews',
      snapshot: 'false',
      ts_ms: 1_700_000_000_123,
      ts_us: 1_700_000_000_123_456,
      txId: 77,
      lsn: 1,
      sequence: null,
      schema_version: 1,
      ...source,
    },
  };
  return {
    topic: 'afterglow.cdc.public.reviews',
    partition: 0,
    offset: 3n,
    key: Buffer.from('{"id":7}'),
    value: Buffer.from(JSON.stringify(event)),
    timestampMs: 0,
    assignment: { current: true },
  };
}

const prepared = (record: FetchedRecord, condemned?: Fault): Prepared =>
  prepare(record, { enrichment: 'sentiment', program, keyColumns: ['id'] }, condemned);

function parts(
  found: CompletedRow,
  stored?: Readonly<Record<string, unknown>>,
  scoredInput?: Awaited<ReturnType<RowWorkParts['stored']['scoredInput']>>,
) {
  const reads: RowToComplete[] = [];
  const periods: (string | undefined)[] = [];
  const known: RowInput[] = [];
  const unpaid: string[] = [];
  const made: RowWorkParts = {
    program,
    completion: {
      complete: async (row) => {
        reads.push(row);
        return found;
      },
    },
    stored: { lookUp: async () => stored, scoredInput: async () => scoredInput },
    unpaid: {
      note: async (key, reason) => void unpaid.push(`${JSON.stringify(key)} ${reason}`),
    },
    answeredBefore: (row) => known.push(row),
    ask: async (_row, _isWanted, redo) => {
      periods.push(redo?.period);
      return asked;
    },
  };
  return { made, reads, periods, known, unpaid };
}

const whole = { kind: 'review', body: 'a text' };

test.each([
  ['an untouched value', change('u', { ...whole, body: PLACEHOLDER }, { unchanged: ['body'] })],
  ['a value left out', change('r', { ...whole, body: PLACEHOLDER }, { omitted: ['body'], txId: null })],
  ['a column that the change does not know yet', change('u', { kind: 'review' })],
])('%s that the enrichment reads makes the change incomplete', (_name, record) => {
  expect(prepared(record).kind).toBe('incomplete');
});

test('an untouched value that the enrichment does not read is none of its business', () => {
  const record = change('u', { ...whole, photo: PLACEHOLDER }, { unchanged: ['photo'] });
  expect(prepared(record)).toMatchObject({ kind: 'ask', row: { input: 'a text' } });
});

test('a condemned row is failed, be it whole or not; its deletion is not', () => {
  const fault = new Fault('unknown', 'ended_worker', 'ended');
  expect(prepared(change('c', whole), fault)).toMatchObject({ kind: 'failed', fault });
  expect(prepared(change('u', { kind: 'review' }), fault)).toMatchObject({ kind: 'failed', fault });
  expect(prepared(change('d', null), fault).kind).toBe('deleted');
});

describe('an incomplete row', () => {
  const incomplete = prepared(
    change('u', { ...whole, body: PLACEHOLDER }, { unchanged: ['body'] }),
  ) as Incomplete;

  test('is taken whole from the table, as the transaction of the change can see it', async () => {
    const { made, reads } = parts({ kind: 'row', row: { kind: 'review', body: 'newer' } });
    expect(await completeRow(incomplete, made)).toMatchObject({
      prepared: { kind: 'ask', row: { input: 'newer' } },
      bytes: 'reviewnewer'.length,
    });
    expect(reads).toEqual([{ key: { id: 7 }, epoch: 2, xid: 77 }]);
    const skipped = parts({ kind: 'row', row: { kind: 'note', body: 'newer' } });
    expect((await completeRow(incomplete, skipped.made)).prepared).toMatchObject({
      kind: 'skipped',
      reason: 'when',
    });
  });

  test('that is gone is deleted at the position of the change', async () => {
    const { made } = parts({ kind: 'gone' });
    expect((await completeRow(incomplete, made)).prepared).toMatchObject({ kind: 'deleted', cause: 'gone' });
  });
});

describe('a redecide', () => {
  const asOf = '2023-11-01T00:00:00.000500Z';
  // Its input grows older by itself.
  const ageing: EnrichmentProgram = {
    ...program,
    input: (row, nowMs) => `${row.body} at ${nowMs}`,
  };
  const redo = { enrichments: ['sentiment'], reason: 'redecide', job: '4' } as const;
  const record = change('r', whole, { txId: null, redo });
  const judged = (scoredInput?: { epoch: number; asOf: string; inputHash: string }) =>
    completeRow(
      prepare(record, { enrichment: 'sentiment', program: ageing, keyColumns: ['id'] }) as Incomplete,
      { ...parts({ kind: 'gone' }, undefined, scoredInput).made, program: ageing },
    );

  test('judges the input that the result was made from, as of then, without reading the row', async () => {
    const inputHash = inputHashOf({ input: `a text at ${Date.parse(asOf)}` });
    const { prepared: again } = await judged({ epoch: 2, asOf, inputHash });
    expect(again).toMatchObject({
      kind: 'ask',
      change: { asOf },
      row: { input: `a text at ${Date.parse(asOf)}` },
    });
  });

  test('of a row whose input is another one by now, or that has no result, is a redo like any other', async () => {
    for (const made of [{ epoch: 2, asOf, inputHash: 'ab'.repeat(32) }, undefined]) {
      const { prepared: again } = await judged(made);
      expect(again).toMatchObject({ kind: 'ask', row: { input: 'a text at 1700000000123' } });
      expect(again).not.toHaveProperty('change.asOf');
    }
  });
});

describe('a row', () => {
  const asks = (record: FetchedRecord) => prepared(record) as Extract<Prepared, { kind: 'ask' }>;

  test('whose input was answered before asks nobody', async () => {
    const { made, periods, known } = parts({ kind: 'gone' }, { label: 'POSITIVE' });
    expect(await askOnce(asks(change('u', whole)), made)).toEqual({
      outcome: { kind: 'ok', result: { label: 'POSITIVE' }, costNanoUsd: 0 },
      attempts: 0,
      modelMs: 0,
      batchRows: 0,
      cached: true,
    });
    expect(periods).toEqual([]);
    expect(known).toEqual([{ input: 'a text' }]);
  });

  test('is asked for once in each period of a refresh', async () => {
    const { made, periods } = parts({ kind: 'gone' });
    const redo = (reason: 'refresh' | 'backfill') =>
      asks(change('r', whole, { redo: { enrichments: ['sentiment'], reason, job: '12' } }));
    for (const row of [redo('refresh'), redo('backfill'), asks(change('c', whole))]) {
      expect(await askOnce(row, made)).toBe(asked);
    }
    expect(periods).toEqual(['12', undefined, undefined]);
  });
});

describe('a row without money', () => {
  const over = {
    kind: 'over_budget',
    limit: 'redo_daily_usd',
    resetsAt: '2023-11-16T00:00:00.000000Z',
  } as const;
  const asOf = '2023-11-01T00:00:00.000500Z';
  const own = inputHashOf({ input: 'a text' });
  const other = 'ab'.repeat(32);
  const asks = async (
    reason: RedoReason | undefined,
    scoredInput?: { epoch: number; asOf: string; inputHash: string },
  ) => {
    const { made, unpaid } = parts({ kind: 'gone' }, undefined, scoredInput);
    const redo = reason === undefined ? {} : { redo: { enrichments: ['sentiment'], reason, job: '4' } };
    const row = prepared(change('r', whole, { txId: null, ...redo })) as Extract<Prepared, { kind: 'ask' }>;
    const { outcome } = await askOnce(row, { ...made, ask: async () => ({ ...asked, outcome: over }) });
    return { outcome: outcome.kind, unpaid };
  };

  test.each<[string, RedoReason | undefined, Parameters<typeof asks>[1], string]>([
    ['that changed is over budget', undefined, { epoch: 2, asOf, inputHash: other }, 'over_budget'],
    ['that has no result is over budget', 'reenrich', undefined, 'over_budget'],
    ['whose result is of an earlier model keeps it', 'reenrich', { epoch: 2, asOf, inputHash: own }, 'kept'],
    ['whose input has aged keeps its result', 'refresh', { epoch: 2, asOf, inputHash: other }, 'kept'],
    ['of a gap keeps a result of this input', 'gap', { epoch: 2, asOf, inputHash: own }, 'kept'],
    ['of a gap loses a result of another input', 'gap', { epoch: 2, asOf, inputHash: other }, 'over_budget'],
    ['to be repaired does, too', 'repair', { epoch: 2, asOf, inputHash: other }, 'over_budget'],
    ['loses one of an epoch before', 'backfill', { epoch: 1, asOf, inputHash: other }, 'over_budget'],
  ])('%s', async (_what, reason, scoredInput, expected) => {
    const { outcome, unpaid } = await asks(reason, scoredInput);
    expect(outcome).toBe(expected);
    expect(unpaid).toEqual(expected === 'kept' ? [`{"id":7} ${reason}`] : []);
  });
});
