import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

/** Of batches that hold results, unless said otherwise. */
const after = (
  pace: Pace,
  times: number,
  latencyMs: number,
  durationMs: number,
  of: { readonly rows?: number; readonly results?: number } = {},
): number => {
  let restMs = 0;
  for (let batch = 0; batch < times; batch += 1) {
    const { rows = pace.rows, results = rows } = of;
    restMs = pace.after({ rows, durationMs, latencyMs, results });
  }
  return restMs;
};

test('a database as fast as usual is never rested from, and gets whole batches', () => {
  const pace = new Pace(1_000);
  expect(after(pace, 200, 2, 60)).toBe(0);
  expect(pace.rows).toBe(1_000);
});

test('one slow commit is not a slow database', () => {
  const pace = new Pace(1_000);
  after(pace, 50, 3, 60);
  expect(after(pace, 1, 60, 120)).toBe(0);
});

test('ten times slower, the writer rests at least as long as it works; fast again, it rests no more', () => {
  const pace = new Pace(1_000);
  after(pace, 50, 6, 60);
  expect(after(pace, 20, 60, 400)).toBeGreaterThanOrEqual(400);
  expect(after(pace, 20, 6, 60)).toBe(0);
});

test('what is slow for good becomes the usual: the backlog is not left lying for ever', () => {
  const pace = new Pace(1_000);
  after(pace, 50, 6, 60);
  expect(after(pace, 1_000, 60, 400)).toBe(0);
});

test('statements ten times slower, with commits as quick as ever, are a slow database, also while batches shrink', () => {
  const pace = new Pace(1_000);
  after(pace, 50, 3, 63);
  expect(after(pace, 20, 3, 603, { rows: 1_000 })).toBe(603);
  expect(after(pace, 20, 3, 303, { rows: 500 })).toBe(303);
  expect(after(pace, 30, 3, 63, { rows: 1_000 })).toBe(0);
});

test('a few rows take longer each than many, which is no sign of anything', () => {
  const pace = new Pace(1_000);
  after(pace, 50, 2, 62);
  expect(after(pace, 50, 2, 6, { rows: 3 })).toBe(0);
});

test('results behind what only repeated take longer, which is no sign of anything', () => {
  const pace = new Pace(1_000);
  after(pace, 50, 2, 12, { results: 0 });
  expect(after(pace, 50, 2, 402)).toBe(0);
  expect(after(pace, 50, 2, 12, { results: 10 })).toBe(0);
});

test('long transactions get smaller ones, and short full ones larger ones again', () => {
  const pace = new Pace(1_000);
  after(pace, 3, 3, 900);
  expect(pace.rows).toBe(125);
  after(pace, 20, 3, 60);
  expect(pace.rows).toBe(1_000);
});

test('whatever the times are, a batch holds a row and a rest ends', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(1e7), fc.nat(1e6), fc.boolean(), fc.nat(2_000)), { maxLength: 60 }),
      (batches) => {
        const pace = new Pace(1_000);
        for (const [durationMs, latencyMs, full, results] of batches) {
          const restMs = pace.after({ rows: full ? pace.rows : 1, durationMs, latencyMs, results });
          expect(restMs).toBeGreaterThanOrEqual(0);
          expect(restMs).toBeLessThanOrEqual(2_000);
          expect(pace.rows).toBeGreaterThanOrEqual(10);
          expect(pace.rows).toBeLessThanOrEqual(1_000);
        }
      },
    ),
  );
});
