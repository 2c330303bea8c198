import { expect, test } from 'vitest';
import { ColdStarts } from './cold-starts.ts';

const RULE = { latency_ms: 2_000, idle_ms: 10_000 };

test('the first call waits, those after it wait for the rest, then it is warm', () => {
  const starts = new ColdStarts();
  expect([0, 500, 1_999, 2_000, 9_000].map((nowMs) => starts.called('a', nowMs, RULE))).toEqual([
    2_000, 1_500, 1, 0, 0,
  ]);
});

test('it cools down when nobody calls for long enough, each endpoint by itself', () => {
  const starts = new ColdStarts();
  starts.called('a', 0, RULE);
  starts.called('a', 11_000, RULE);
  expect(starts.called('b', 20_000, RULE)).toBe(2_000);
  expect(starts.called('a', 20_999, RULE)).toBe(0);
  expect(starts.called('a', 30_999, RULE)).toBe(2_000);
});

test('names from outside do not grow it without end', () => {
  const starts = new ColdStarts();
  for (let number = 0; number < 1_000; number += 1) starts.called(`e-${number}`, 0, RULE);
  expect(starts.called('e-0', 5_000, RULE)).toBe(2_000); // forgotten, so it starts again
  expect(starts.called('e-999', 5_000, RULE)).toBe(0);
});
