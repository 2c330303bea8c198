import { describe, expect, test } from 'vitest';
import { BASE, parse } from '../config/fixtures/small-definition.ts';
import type { EnrichedEvent } from '../contracts/events.ts';
import { compileEventFilter } from './event-filter.ts';

const { definition } = parse(BASE);
const enrichment = (name: string) => {
  const found = definition?.enrichments[name];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

const base = {
  key: { id: '4711', shop: 3 },
  enrichment: 'fraud',
  source: {
    epoch: 1,
    commit_lsn: '00000016/B374D848',
    event_index: 0,
    table: 'public.transactions',
    committed_at: '2026-11-20T09:15:02.100000Z',
  },
  revision: 1,
  as_of: '2026-11-20T09:15:02.100000Z',
  input_hash: null,
  enriched_at: '2026-11-20T09:15:02.150000Z',
};
const scored: EnrichedEvent = {
  ...base,
  status: 'scored',
  result: { score: 0.93 },
  flagged: true,
  decision: { action: 'hold', rule: 'score >= 0.9', policy_version: 'p' },
  model: { kind: 'sagemaker', name: 'fraud', version: '1' },
  cached: false,
  cost_nano_usd: 0,
  attempts: 1,
  model_ms: 1,
};
const skipped: EnrichedEvent = { ...base, status: 'skipped', reason: 'when' };
const failed: EnrichedEvent = {
  ...base,
  status: 'failed',
  error: { kind: 'input', code: 'division_by_zero', message: 'm', attempts: 0 },
  dead_letter_id: 'd',
};
const truncated: EnrichedEvent = { ...base, key: {}, status: 'truncated' };
const ALL = { scored, skipped, failed, truncated };

function holdsFor(text: string, name = 'fraud'): readonly string[] {
  const compiled = compileEventFilter(text, enrichment(name));
  if (!compiled.ok) throw new Error(compiled.problem.message);
  return Object.entries(ALL)
    .filter(([, event]) => compiled.matches(event) === true)
    .map(([status]) => status);
}

describe('a condition on outcomes', () => {
  test.each<readonly [string, readonly string[]]>([
    ['score > 0.9', ['scored']],
    ['score > 1', []],
    ['score < 0.5 || flagged', ['scored']],
    ['decision == "hold"', ['scored']],
    ['!cached', ['scored']],
    ['!(score > 0.9)', []],
    ['score > 0.9 || status == "skipped"', ['scored', 'skipped']],
    ['status != "scored"', ['skipped', 'failed', 'truncated']],
    ['status == "failed" && error_code == "division_by_zero"', ['failed']],
    ['error_kind == "input" || reason == "when"', ['skipped', 'failed']],
    ['latency_ms >= 50', ['scored', 'skipped', 'failed', 'truncated']],
    ['has(key.id) && key.id == "4711" && key.shop == "3"', ['scored', 'skipped', 'failed']],
    ['key.id.startsWith("47")', ['scored', 'skipped', 'failed']],
  ])('%s', (text, statuses) => {
    expect(holdsFor(text)).toEqual(statuses);
  });

  test('reads the outputs of a kind that are texts and truths, too', () => {
    const compiled = compileEventFilter('label == "NEGATIVE" && confidence > 0.5', enrichment('sentiment'));
    const event = { ...scored, result: { label: 'NEGATIVE', confidence: 0.9 } };
    expect(compiled.ok && compiled.matches(event)).toBe(true);
  });

  test('says that it failed on an event instead of deciding by chance', () => {
    const compiled = compileEventFilter('key.other == "1"', enrichment('fraud'));
    expect(compiled.ok && compiled.matches(scored)).toBeUndefined();
    const strange = compileEventFilter('score > 0', enrichment('fraud'));
    expect(strange.ok && strange.matches({ ...scored, result: { score: 'high' } })).toBeUndefined();
    expect(strange.ok && strange.matches({ ...scored, result: {} })).toBeUndefined();
  });

  test.each<readonly [string, object]>([
    ['scor > 0.9', { offset: 0, message: 'there is no scor here', instead: 'score' }],
    ['score > 0.9 &&', { offset: expect.any(Number) }],
    ['flagged && amount > 1', { offset: 11, message: 'there is no amount here' }],
    ['score', { offset: 0, message: 'this must be true or false, and it is double' }],
    ['score > "x"', { offset: expect.any(Number) }],
    ['decision.matches("a+")', { message: expect.stringContaining('refused') }],
    ['', { offset: expect.any(Number) }],
  ])('%j is refused with its place', (text, problem) => {
    const compiled = compileEventFilter(text, enrichment('fraud'));
    expect(compiled).toMatchObject({ ok: false, problem });
  });
});
