import { describe, expect, test } from 'vitest';
import { Fault } from '../../../shared/errors/policy.ts';
import type { EnrichmentProgram } from '../../../shared/expressions/enrichment-program.ts';
import type { Asked, RowInput } from '../../../shared/models/model.ts';
import { inputHashOf } from '../../../shared/models/row-input.ts';
import { areWhole, type ChunkPlace, judge, type KeyFacts, type Rules, type StateFacts } from './judge.ts';

/** Rows of kind 'refund' are skipped, rows without an amount fail. */
const program = (factor: number): EnrichmentProgram => ({
  columns: ['kind', 'amount'],
  when: (row) => row.kind !== 'refund',
  input: (row, nowMs) => {
    if (typeof row.amount !== 'number') throw new Fault('input', 'unexpected_null', 'column amount is NULL');
    return [row.amount * factor, nowMs];
  },
  language: () => undefined,
});
const rules: Rules = {
  revision: 2,
  programs: new Map([
    [1, program(10)],
    [2, program(1)],
  ]),
  chunksMax: new Map(),
  asks: new Map([[2, ({ input }) => ({ kind: 'items', items: [{ input }] })]]),
};
const hashOf = (...input: readonly number[]): string => inputHashOf({ input });
const state: StateFacts = {
  revision: 2,
  status: 'scored',
  reason: null,
  inputHash: hashOf(5, 7),
  asOfMs: 7,
  failureKind: null,
};
const right: KeyFacts = { row: { kind: 'purchase', amount: 5 }, state, result: [], isAhead: false };
const skipped: Partial<StateFacts> = { status: 'skipped', reason: 'when', inputHash: null };
const failed: Partial<StateFacts> = { status: 'failed', inputHash: null, failureKind: 'input' };
const refund = { kind: 'refund', amount: 5 };
const broken = { kind: 'purchase', amount: null };

describe('a key is', () => {
  test.for([
    ['right: scored with the input that the row has', right, 'right'],
    [
      'right: neither row nor outcome',
      { ...right, row: undefined, state: undefined, result: undefined },
      'right',
    ],
    [
      'right: skipped, and `when` leaves the row out',
      { ...right, row: refund, state: { ...state, ...skipped }, result: undefined },
      'right',
    ],
    [
      'right: failed, and the expression fails on the row',
      { ...right, row: broken, state: { ...state, ...failed }, result: undefined },
      'right',
    ],
    [
      'right: failed without being looked at',
      { ...right, state: { ...state, ...failed, failureKind: 'unknown' }, result: undefined },
      'right',
    ],
    [
      'right: failed by the model, with the input of the row',
      { ...right, state: { ...state, status: 'failed', failureKind: 'rejected_item' }, result: undefined },
      'right',
    ],
    [
      'outdated: right by an earlier definition',
      { ...right, state: { ...state, revision: 1, inputHash: hashOf(50, 7) } },
      'outdated',
    ],
    [
      'outdated: of a definition that cannot be read any more',
      { ...right, state: { ...state, revision: 0, inputHash: 'ff' } },
      'outdated',
    ],
    ['stale by an earlier definition', { ...right, state: { ...state, revision: 1 } }, 'stale input'],
    ['stale: of another input', { ...right, row: { kind: 'purchase', amount: 6 } }, 'stale input'],
    ['stale: of another moment', { ...right, state: { ...state, asOfMs: 8 } }, 'stale input'],
    ['stale: scored, and `when` leaves the row out now', { ...right, row: refund }, 'stale status'],
    ['stale: scored, and the expression fails now', { ...right, row: broken }, 'stale status'],
    [
      'stale: skipped, and the row asks for a score now',
      { ...right, state: { ...state, ...skipped }, result: undefined },
      'stale status',
    ],
    [
      'stale: skipped with the input of the row, and the model would have been asked',
      {
        ...right,
        state: { ...state, status: 'skipped', reason: 'unsupported_language' },
        result: undefined,
      },
      'stale status',
    ],
    [
      'stale: skipped before there was an input, for what only an input can be skipped for',
      { ...right, row: refund, state: { ...state, ...skipped, reason: 'empty_input' }, result: undefined },
      'stale status',
    ],
    [
      'stale: failed, and the expression holds now',
      { ...right, state: { ...state, ...failed }, result: undefined },
      'stale status',
    ],
    [
      'stale: a result beside an outcome that is no score',
      { ...right, row: refund, state: { ...state, ...skipped } },
      'stale result_left',
    ],
    ['missing: no outcome', { ...right, state: undefined }, 'missing no_state'],
    [
      'missing: no outcome of a row that came back',
      { ...right, state: undefined, result: undefined },
      'missing no_state',
    ],
    ['missing: no result', { ...right, result: undefined }, 'missing no_result'],
    [
      'orphaned: an outcome without a row',
      { ...right, row: undefined, result: undefined },
      'orphaned no_row',
    ],
    ['orphaned: a result without a row', { ...right, row: undefined, state: undefined }, 'orphaned no_row'],
    ['stale: right, at a position that does not exist yet', { ...right, isAhead: true }, 'stale ahead'],
    [
      'stale: deleted at a position that does not exist yet, and nothing else is there',
      { row: undefined, state: undefined, result: undefined, isAhead: true },
      'stale ahead',
    ],
  ] satisfies readonly (readonly [string, KeyFacts, string])[])('%s', ([, facts, expected]) => {
    const verdict = judge(facts, rules);
    expect('reason' in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind).toBe(expected);
  });
});

/** As a model of texts that detects their language. */
const askedOfText = ({ input, language }: RowInput): Asked => {
  if (input === '') return { kind: 'skip', reason: 'empty_input' };
  if (language === undefined) return { kind: 'detect' };
  return language === 'tlh' ? { kind: 'skip', reason: 'unsupported_language' } : { kind: 'items', items: [] };
};

test.for([
  ['right', 'blank', '', undefined, 'empty_input'],
  ['stale', 'not blank', 'A lamp.', undefined, 'empty_input'],
  ['right', 'in a language that the model does not know', 'nuq', 'tlh', 'unsupported_language'],
  ['right', 'in a language that has to be detected', 'nuq', undefined, 'unsupported_language'],
  ['stale', 'in a language that the model knows', 'A lamp.', 'en', 'unsupported_language'],
  ['stale', 'blank, which is another reason', '', 'tlh', 'unsupported_language'],
  ['stale', 'blank, which is no matter of `when`', '', 'en', 'when'],
] as const)('a skipped text is %s when it is %s', ([expected, , input, language, reason]) => {
  const row: RowInput = { input, ...(language === undefined ? {} : { language }) };
  const text: EnrichmentProgram = { ...program(1), input: () => input, language: () => language };
  const texts: Rules = { ...rules, programs: new Map([[2, text]]), asks: new Map([[2, askedOfText]]) };
  const facts: KeyFacts = {
    ...right,
    state: { ...state, status: 'skipped', reason, inputHash: inputHashOf(row) },
    result: undefined,
  };
  expect(judge(facts, texts).kind).toBe(expected);
  // What an earlier definition asked, nobody may be able to tell any more.
  expect(judge(facts, { ...texts, asks: new Map() })).toEqual({ kind: 'right' });
});

describe('chunks are those of one text when', () => {
  const chunk = (number: number, start: number, end: number): ChunkPlace => ({ chunk: number, start, end });
  const text = '0123456789';
  test.for([
    ['they reach from its beginning to its end', [chunk(0, 0, 6), chunk(1, 6, 10)], text, 64, true],
    ['blank ones are left out between and behind', [chunk(0, 0, 4), chunk(1, 6, 8)], '0123  67  ', 64, true],
    ['characters beyond the first plane count once', [chunk(0, 0, 2)], '👍👍', 64, true],
    ['a cut text ends early', [chunk(0, 0, 4)], text, 1, true],
    ['one is missing at the end', [chunk(0, 0, 6)], text, 64, false],
    ['one is missing in the middle', [chunk(0, 0, 3), chunk(2, 6, 10)], text, 64, false],
    ['one is there twice', [chunk(0, 0, 10), chunk(1, 0, 10)], text, 64, false],
    ['one is of a longer text', [chunk(0, 0, 10), chunk(1, 10, 12)], text, 64, false],
    ['there is none', [], text, 64, false],
  ] as const)('%s: %s', ([, chunks, of, chunksMax, expected]) => {
    expect(areWhole(chunks, of, chunksMax)).toBe(expected);
  });
});

test('a text is cut as its own revision says: a number of chunks that was raised since makes it outdated, not wrong', () => {
  const whole: EnrichmentProgram = { ...program(1), input: ({ body }) => String(body) };
  const cut: Rules = {
    revision: 2,
    asks: new Map(),
    programs: new Map([
      [1, whole],
      [2, whole],
    ]),
    chunksMax: new Map([
      [1, 1],
      [2, 4],
    ]),
  };
  const body = 'One sentence. Another one.';
  const facts = (revision: number): KeyFacts => ({
    row: { body },
    state: { ...state, revision, inputHash: inputHashOf({ input: body }) },
    result: [{ chunk: 0, start: 0, end: 13 }],
    isAhead: false,
  });
  expect(judge(facts(1), cut)).toEqual({ kind: 'outdated' });
  expect(judge(facts(2), cut)).toEqual({ kind: 'stale', reason: 'chunks' });
});
