import { expect, test } from 'vitest';
import { Figures, type Reading } from './figures.ts';

const reading = (atMs: number, rowsIn: number | undefined, fast = 0, slow = 0): Reading => ({
  atMs,
  counters: { rowsIn, scored: rowsIn, written: rowsIn },
  commitToWritten: [
    [0.01, fast],
    [0.1, fast + slow],
    [Number.POSITIVE_INFINITY, fast + slow],
  ],
});

test('a rate needs two readings, and looks at the last three seconds', () => {
  const figures = new Figures();
  figures.add(reading(0, 100));
  expect(figures.rates).toBeUndefined();
  figures.add(reading(1_000, 150));
  expect(figures.rates?.inPerSecond).toBe(50);
  for (const second of [2, 3, 4, 5]) figures.add(reading(1_000 * second, 150));
  expect(figures.rates?.inPerSecond).toBe(0);
});

test('totals go on over a restart of a service, and over a moment without an answer', () => {
  const figures = new Figures();
  for (const [second, count] of [
    [0, 10],
    [1, 20],
    [2, undefined],
    [3, 5],
    [4, 6],
  ] as const) {
    figures.add(reading(1_000 * second, count));
  }
  expect(figures.totals).toEqual({ rowsIn: 26, scored: 26, written: 26 });
});

test('the latency shown is that of the last ten seconds, the one of the summary that of the whole run', () => {
  const figures = new Figures();
  figures.add(reading(0, 0, 0, 0));
  figures.add(reading(1_000, 0, 0, 100));
  expect(figures.latency?.p50Ms).toBeGreaterThan(10);
  for (let second = 2; second <= 14; second += 1) figures.add(reading(1_000 * second, 0, 1_000, 100));
  expect(figures.latency).toBeUndefined(); // nothing was written for ten seconds
  figures.add(reading(15_000, 0, 2_000, 100));
  expect(figures.latency?.p99Ms).toBeLessThanOrEqual(10);
  expect(figures.latencyInAll?.p99Ms).toBeGreaterThan(10);
});

test('a writer that started again does not take the latencies before with it', () => {
  const figures = new Figures();
  figures.add(reading(0, 0, 0, 0));
  figures.add(reading(1_000, 0, 0, 900));
  figures.add(reading(2_000, 0, 100, 0));
  expect(figures.latencyInAll?.p50Ms).toBeGreaterThan(10);
});

test('the backlog of the start is not in the latency of the run, unless there was nothing else', () => {
  const figures = new Figures();
  figures.add(reading(0, 10, 0, 500));
  figures.passBacklog();
  expect(figures.latencyInAll?.p50Ms).toBeGreaterThan(10);
  figures.add(reading(1_000, 20, 100, 500));
  figures.passBacklog(); // only the first time counts
  expect(figures.latencyInAll?.p50Ms).toBeLessThanOrEqual(10);
});
