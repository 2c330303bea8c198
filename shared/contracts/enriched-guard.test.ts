import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isEmbedding, isEnrichedEvent } from './enriched-guard.ts';
import { type EnrichedEvent, embedding, enrichedEvent } from './events.ts';
import { pathsOf, withReplaced } from './replaced.test-support.ts';

const base = {
  key: { id: '7' },
  enrichment: 'fraud',
  source: {
    epoch: 1,
    commit_lsn: '00000016/B374D848',
    event_index: 0,
    table: 'public.transactions',
    committed_at: '2026-11-20T09:15:02.123456Z',
  },
  revision: 1,
  as_of: '2026-11-20T09:15:02.123456Z',
  input_hash: 'a'.repeat(64),
  enriched_at: '2026-11-20T09:15:02.200000Z',
};
const samples: readonly EnrichedEvent[] = [
  {
    ...base,
    status: 'scored',
    result: { score: 0.5 },
    flagged: false,
    decision: { action: 'accept', rule: 'rest', policy_version: 'p' },
    model: { kind: 'sagemaker', name: 'fraud', version: '1' },
    cached: false,
    cost_nano_usd: 0,
    attempts: 1,
    model_ms: 1.5,
    batch_rows: 2,
  },
  { ...base, status: 'skipped', reason: 'when', input_hash: null },
  {
    ...base,
    status: 'failed',
    error: { kind: 'contract', code: 'c', message: 'm', attempts: 1, http_status: 424, request_id: 'r' },
    dead_letter_id: 'd',
  },
  { ...base, status: 'over_budget', limit: 'daily_usd', resets_at: base.as_of },
  { ...base, status: 'deleted', cause: 'delete', input_hash: null },
  { ...base, key: {}, status: 'truncated', input_hash: null },
];

describe('the guard of outcome events', () => {
  test('accepts every status, and fields it does not know', () => {
    for (const sample of samples) {
      expect(isEnrichedEvent(sample)).toBe(true);
      expect(isEnrichedEvent({ ...sample, later: 1 })).toBe(true);
    }
  });

  test('says of any one-place change of an event exactly what the schema says', () => {
    const places = samples.flatMap((sample) => pathsOf(sample).map((path) => ({ sample, path })));
    const replacement = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(undefined, -1, 0, 1.5, 2 ** 53, 'scored', 'truncated', 'when', 'x'.repeat(64)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), replacement, ({ sample, path }, value) => {
        const changed = withReplaced(sample, path, value);
        expect(isEnrichedEvent(changed)).toBe(enrichedEvent.safeParse(changed).success);
      }),
      { numRuns: 5000 },
    );
  });
});

test('the guard of vectors says of any one-place change what the schema says', () => {
  const sample = {
    dimensions: 256,
    truncated: false,
    chunks: [
      { start: 0, end: 10, tokens: 3, vector_f32le_base64: 'AACAPw==' },
      { start: 10, end: 12, tokens: 1, vector_f32le_base64: '' },
    ],
  };
  expect(isEmbedding(sample)).toBe(true);
  const replacement = fc.oneof(fc.jsonValue(), fc.constantFrom(undefined, -1, 0, 1, 1.5, 2 ** 53, true, []));
  fc.assert(
    fc.property(fc.constantFrom(...pathsOf(sample).slice(1)), replacement, (path, value) => {
      const changed = withReplaced(sample, path, value) as Readonly<Record<string, unknown>>;
      expect(isEmbedding(changed)).toBe(embedding.safeParse(changed).success);
    }),
    { numRuns: 3000, seed: 5 },
  );
});
