import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

const after = (pace: Pace, times: number, latencyMs: number, durationMs: number): number => {
  let restMs = 0;
  for (let batch = 0; batch < times; batch += 1)
    restMs = pace.after({ rows: pace.rows, durationMs, latencyMs });
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

test('long transactions get smaller ones, and short full ones larger ones again', () => {
  const pace = new Pace(1_000);
  after(pace, 3, 3, 900);
  expect(pace.rows).toBe(125);
  after(pace, 20, 3, 60);
  expect(pace.rows).toBe(1_000);
});

test('whatever the times are, a batch holds a row and a rest ends', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1e7), fc.nat(1e6), fc.boolean()), { maxLength: 60 }), (batches) => {
      const pace = new Pace(1_000);
      for (const [durationMs, latencyMs, full] of batches) {
        const restMs = pace.after({ rows: full ? pace.rows : 1, durationMs, latencyMs });
        expect(restMs).toBeGreaterThanOrEqual(0);
        expect(restMs).toBeLessThanOrEqual(2_000);
        expect(pace.rows).toBeGreaterThanOrEqual(10);
        expect(pace.rows).toBeLessThanOrEqual(1_000);
      }
    }),
  );
});
