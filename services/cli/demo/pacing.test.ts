import { expect, test } from 'vitest';
import { dueMs, Pace } from './pacing.ts';

const settings = { rowsPerSecond: 50, seed: 3 };

test.each([
  ['the first row', 0, 0],
  ['one cycle', 400, 8_000],
  ['an hour', 180_000, 3_600_000],
])('%s is due on time, so that nothing drifts', (_name, row, expectedMs) => {
  expect(dueMs(row, settings)).toBeCloseTo(expectedMs, 3);
});

test('due times never fall', () => {
  const due = Array.from({ length: 5_000 }, (_, row) => dueMs(row, settings));
  expect(due.every((at, row) => row === 0 || at >= (due[row - 1] ?? 0))).toBe(true);
});

test('every cycle has a moment twice as busy as the average', () => {
  const due = Array.from({ length: 400 }, (_, row) => dueMs(row, settings));
  const rowsInHalfSecond = due.map((from) => due.filter((at) => at >= from && at < from + 500).length);
  expect(Math.max(...rowsInHalfSecond)).toBeGreaterThan(50);
  expect(Math.min(...rowsInHalfSecond.slice(0, 300))).toBeLessThan(25);
});

test('a late row is due at once, and after an outage nobody races to catch up', () => {
  let nowMs = 1_000;
  const pace = new Pace(settings, () => nowMs);
  pace.add(1);
  expect(pace.waitMs()).toBeGreaterThan(0);
  nowMs += 1_500;
  expect(pace.waitMs()).toBe(0);
  pace.add(10);
  nowMs += 60_000;
  expect(pace.waitMs()).toBe(0);
  pace.add(50);
  expect(pace.waitMs()).toBeGreaterThan(200);
});
