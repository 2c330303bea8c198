import { expect, test } from 'vitest';
import { parseDurationMs } from '../../../shared/config/values.ts';
import { isLate, KEYS_MAX, portionOf, waitMs } from './portions.ts';

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

const WEEK_MS = parseDurationMs('7d');

test.each([
  ['has its share', 20_000, 1_000_000, 1],
  ['could have just its share', KEYS_MAX, 5_000_000, 1],
  ['could have half of it', KEYS_MAX, 10_000_000, 0.5],
  ['could have a hundredth of it', KEYS_MAX, 500_000_000, 0.01],
  ['is full, and nobody has counted the rows', KEYS_MAX, 0, 1],
])('behind a job that %s (%d rows of %d) the next one waits for %d of a step', (_, jobRows, rows, steps) => {
  const portion = portionOf(WEEK_MS);
  expect(waitMs(portion, jobRows, rows)).toBeCloseTo(steps * portion.stepMs, 6);
});

test('however many rows there are, as many may be listed in a period as age in two', () => {
  for (const rows of [1_000, 4_999_999, 10_000_000, 2_000_000_000]) {
    const portion = portionOf(WEEK_MS);
    const jobRows = Math.min(KEYS_MAX, Math.ceil(portion.share * rows));
    expect((jobRows * WEEK_MS) / waitMs(portion, jobRows, rows)).toBeGreaterThanOrEqual(1.99 * rows);
  }
});

test('a period does not suffice where the oldest outcome is older than two of them', () => {
  expect(isLate(1.5 * WEEK_MS, WEEK_MS)).toBe(false);
  expect(isLate(2.1 * WEEK_MS, WEEK_MS)).toBe(true);
});
