import { describe, expect, test } from 'vitest';
import type { ChangeEvent, EnrichedEvent } from '../../../shared/contracts/events.ts';
import { painter } from '../view/paint.ts';
import { hopLines } from './hop-lines.ts';
import { hopsOf } from './hops.ts';
import { keyValues } from './row-key.ts';

const COMMITTED_MS = Date.UTC(2026, 10, 20, 9, 15, 2, 123);
const position = (commit_lsn: string) => ({ epoch: 1, commit_lsn, event_index: 0 });

const change = (lsn: string, op: ChangeEvent['op'], redo?: ChangeEvent['source']['redo']) => ({
  offset: 7n,
  publishedAtMs: COMMITTED_MS + 4,
  event: {
    op,
    source: { ...position(lsn), ts_us: COMMITTED_MS * 1_000, ...(redo === undefined ? {} : { redo }) },
  } as ChangeEvent,
});
const beside = (lsn: string) => ({
  revision: 2,
  source: { ...position(lsn), table: 'public.t', committed_at: '2026-11-20T09:15:02.123000Z' },
});
const outcome = (lsn: string, event: object) => ({
  offset: 9n,
  publishedAtMs: COMMITTED_MS + 20,
  event: { ...beside(lsn), ...event } as EnrichedEvent,
});

const FIRST = '00000000/00000010';
const SECOND = '00000000/00000020';
const SCORED = {
  status: 'scored',
  result: { score: 0.95 },
  flagged: true,
  decision: { action: 'hold', rule: 'score >= 0.9', policy_version: 'a' },
  model: { kind: 'sagemaker', name: 'fraud', version: '1' },
  cached: false,
  cost_nano_usd: 1_500,
  attempts: 2,
  model_ms: 8.25,
  batch_rows: 20,
};

describe('the life of a row', () => {
  test('goes from change to change, and of each from commit to written, whatever order it was read in', () => {
    const hops = hopsOf(
      [
        change(FIRST, 'c'),
        change(FIRST, 'c'),
        change(SECOND, 'r', { enrichments: ['fraud'], reason: 'repair', job: '3' }),
      ],
      [
        {
          enrichment: 'fraud',
          outcomes: [
            outcome(SECOND, {
              ...SCORED,
              cached: true,
              cost_nano_usd: 0,
              attempts: 0,
              batch_rows: undefined,
            }),
            outcome(FIRST, SCORED),
            outcome(FIRST, {
              status: 'failed',
              error: { kind: 'input', code: 'not_in_list', message: '', attempts: 0 },
              dead_letter_id: 'x',
            }),
          ],
          state: {
            position: position(SECOND),
            revision: 2,
            status: 'scored',
            reason: null,
            committedAtMs: COMMITTED_MS,
            writtenAtMs: COMMITTED_MS + 31,
          },
        },
        {
          enrichment: 'other',
          outcomes: [outcome(FIRST, { status: 'skipped', reason: 'when' })],
          state: undefined,
        },
      ],
    );
    expect(hopLines(hops, painter(false))).toEqual([
      '2026-11-20 09:15:02.123   committed   insert at 00000000/00000010 #0, epoch 1',
      '             +4.0 ms      published   offset 7',
      '             +4.0 ms      published   offset 7',
      '             +20 ms       enriched    fraud: scored, sagemaker fraud 1, model 8.3 ms, batch of 20, 2 attempts, $0.0000015, flagged, hold, revision 2',
      '             +20 ms       enriched    fraud: failed, input not_in_list, revision 2',
      '             +20 ms       enriched    other: skipped, when, revision 2',
      '2026-11-20 09:15:02.123   committed   read again at 00000000/00000020 #0, epoch 1 (repair, job 3, for fraud)',
      '             +4.0 ms      published   offset 7',
      '             +20 ms       enriched    fraud: scored, sagemaker fraud 1, cached, $0, flagged, hold, revision 2',
      '             +31 ms       written     fraud: scored is what stands beside the row, revision 2',
    ]);
  });
});

test.for([
  [['id'], '42', ['42']],
  [['id'], 'id=42', ['42']],
  [['name'], 'a,b=c', ['a,b=c']],
  [['a', 'b'], 'b=2,a=1', ['1', '2']],
  [['a', 'b'], 'a=x=y, b=', ['x=y', '']],
] as const)('the key of %j is read from %j', ([columns, text, expected]) => {
  expect(keyValues(columns, text)).toEqual(expected);
});

test.for(['1', 'a=1', 'a=1,c=2', 'a=1,b=2,c=3', ''])('%j is no key of two columns', (text) => {
  expect(() => keyValues(['a', 'b'], text)).toThrow('The key of this source is a, b.');
});
