import { expect, test } from 'vitest';
import { parseDurationMs } from '../../../shared/config/values.ts';
import { portionOf } from './portions.ts';

test.each([
  ['7d', 6_048_000, 0.02],
  ['1d', 864_000, 0.02],
  ['1h', 60_000, 1 / 30],
  ['1m', 15_000, 0.5],
  ['8s', 2_000, 0.5],
])('every %s: a job after %d ms, for that share of the rows: %d', (every, stepMs, share) => {
  const portion = portionOf(parseDurationMs(every));
  expect(portion.stepMs).toBe(stepMs);
  expect(portion.share).toBeCloseTo(share, 12);
});
