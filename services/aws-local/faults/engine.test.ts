import { expect, test } from 'vitest';
import type { Call, Operation } from '../operation.ts';
import { seededRandom } from '../random.ts';
import { FaultEngine } from './engine.ts';
import { type FaultRule, faultRule } from './rule.ts';

const NO_LATENCY = { latencyMs: 0, jitterMs: 0 };
const call = (endpoint: string, rows: readonly (readonly number[])[] = []): Call => ({
  endpoint,
  rows: rows.length,
  tokens: 0,
  matches: (input) => 'column' in input && rows.some((row) => row[input.column] === input.equals),
  answer: () => ({ status: 200, headers: {}, body: '' }),
});
const operation = (name: string): Operation => ({
  service: 'sagemaker',
  name,
  protocol: 'rest_json',
  bends: new Set(['rows', 'not_a_number'] as const),
  accepts: () => true,
  read: () => call('fraud'),
});
const INVOKE = operation('InvokeEndpoint');
const NOW = (): number => 0;
const THROTTLE: FaultRule = { fault: { kind: 'throttle' } };
const kinds = (engine: FaultEngine, times: number, asked: Call = call('fraud')) =>
  Array.from({ length: times }, () => engine.judge(INVOKE, asked).strike?.kind);

test('a counted fault strikes that often, an uncounted one until it is removed', () => {
  const engine = new FaultEngine(NO_LATENCY, () => 0.5, NOW);
  engine.add({ ...THROTTLE, calls: 2 });
  expect(kinds(engine, 3)).toEqual(['throttle', 'throttle', undefined]);
  const id = engine.add(THROTTLE);
  expect(kinds(engine, 3)).toEqual(['throttle', 'throttle', 'throttle']);
  expect(engine.remove(id)).toBe(true);
  expect(engine.remove(id)).toBe(false);
  expect(kinds(engine, 1)).toEqual([undefined]);
});

test('a rule follows operation, endpoint and input, and says how often it struck', () => {
  const engine = new FaultEngine(NO_LATENCY, () => 0.5, NOW);
  engine.add({ ...THROTTLE, operation: 'GetCallerIdentity' });
  engine.add({ ...THROTTLE, endpoint: 'churn' });
  engine.add({ fault: { kind: 'model_error', original_status: 400 }, input: { column: 1, equals: 4711 } });
  expect(kinds(engine, 1)).toEqual([undefined]);
  expect(kinds(engine, 1, call('churn'))).toEqual(['throttle']);
  expect(kinds(engine, 1, call('fraud', [[4711, 1]]))).toEqual([undefined]);
  expect(
    kinds(
      engine,
      1,
      call('fraud', [
        [1, 1],
        [0, 4711],
      ]),
    ),
  ).toEqual(['model_error']);
  expect(engine.list().map(({ struck, left }) => [struck, left])).toEqual([
    [0, null],
    [1, null],
    [1, null],
  ]);
});

test('latencies add up, and of two faults the younger waits for a later call', () => {
  const engine = new FaultEngine({ latencyMs: 20, jitterMs: 10 }, () => 0.5, NOW);
  engine.add({ fault: { kind: 'latency', latency_ms: 100, jitter_ms: 0 } });
  engine.add({ fault: { kind: 'throttle' }, calls: 1 });
  engine.add({ fault: { kind: 'empty' }, calls: 1 });
  expect(engine.judge(INVOKE, call('fraud'))).toMatchObject({
    delayMs: 125,
    strike: { kind: 'throttle' },
  });
  expect(kinds(engine, 2)).toEqual(['empty', undefined]);
});

test('a share of the calls is struck, the same ones for the same seed', () => {
  const struck = (seed: number) => {
    const engine = new FaultEngine(NO_LATENCY, seededRandom(seed), NOW);
    engine.add({ ...THROTTLE, share: 0.25 });
    return kinds(engine, 1_000);
  };
  const count = struck(1).filter((kind) => kind !== undefined).length;
  expect(count).toBeGreaterThan(200);
  expect(count).toBeLessThan(300);
  expect(struck(1)).toEqual(struck(1));
  expect(struck(1)).not.toEqual(struck(2));
});

test('an outage ends by itself', () => {
  let nowMs = 1_000;
  const engine = new FaultEngine(
    NO_LATENCY,
    () => 0.5,
    () => nowMs,
  );
  engine.add({ fault: { kind: 'error', status: 503 }, for_ms: 60_000 });
  expect(kinds(engine, 1)).toEqual(['error']);
  nowMs = 60_999;
  expect(kinds(engine, 1)).toEqual(['error']);
  nowMs = 61_000;
  expect(kinds(engine, 1)).toEqual([undefined]);
});

test('a fault that an operation cannot show passes it by, uncounted', () => {
  const engine = new FaultEngine(NO_LATENCY, () => 0.5, NOW);
  engine.add({ fault: { kind: 'zero_vector' } });
  engine.add({ fault: { kind: 'error', status: 408 } });
  expect(kinds(engine, 1)).toEqual([undefined]);
  expect(engine.list().map(({ struck }) => struck)).toEqual([0, 0]);
});

test('a cold start is a delay, or refuses until the model is warm; a warm one is not struck', () => {
  let nowMs = 0;
  const engine = new FaultEngine(
    NO_LATENCY,
    () => 0.5,
    () => nowMs,
  );
  const id = engine.add({ fault: { kind: 'cold_start', latency_ms: 3_000 } });
  expect(engine.judge(INVOKE, call('fraud'))).toEqual({ delayMs: 3_000, strike: undefined, bend: undefined });
  nowMs = 3_000;
  expect(engine.judge(INVOKE, call('fraud')).delayMs).toBe(0);
  expect(engine.list()).toMatchObject([{ struck: 1 }]);
  engine.remove(id);
  engine.add({ fault: { kind: 'cold_start', latency_ms: 3_000, answer: 'not_ready' } });
  expect(kinds(engine, 2)).toEqual(['cold_start', 'cold_start']);
  nowMs = 6_000;
  expect(kinds(engine, 1)).toEqual([undefined]);
});

test.each([
  ['an unknown kind', { fault: { kind: 'explode' } }],
  ['an unknown member', { fault: { kind: 'empty' }, everywhere: true }],
  ['a status AWS does not throttle with', { fault: { kind: 'throttle', status: 418 } }],
  ['a name that would break a header', { fault: { kind: 'named', name: 'A\r\nb', status: 400 } }],
  ['no rows more or fewer', { fault: { kind: 'rows', change: 0 } }],
  ['a delay for ever', { fault: { kind: 'latency', latency_ms: 1e12 } }],
  ['an input of two kinds', { fault: { kind: 'empty' }, input: { column: 0, equals: 1, contains: 'a' } }],
  ['more than all calls', { fault: { kind: 'empty' }, share: 1.5 }],
  ['nothing', undefined],
])('%s is refused', (_name, rule) => {
  expect(faultRule.safeParse(rule).success).toBe(false);
});

test('rules without end are refused', () => {
  const engine = new FaultEngine(NO_LATENCY, () => 0, NOW);
  for (let count = 0; count < 100; count += 1) engine.add(THROTTLE);
  expect(() => engine.add(THROTTLE)).toThrow(RangeError);
});
