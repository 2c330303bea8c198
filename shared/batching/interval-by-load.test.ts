import { expect, test } from 'vitest';
import { intervalByLoad } from './interval-by-load.ts';

/** A loop that has been busy for this share of the time since whenever it is asked. */
const loop = (share: () => number) => () => ({ active: 0, idle: 0, utilization: share() });

function settled(interval: () => number): number {
  for (let turn = 0; turn < 100; turn++) interval();
  return interval();
}

test('a loop that rests gathers as little as it may, and one that is busy as long as its share of the time says', () => {
  let share = 0;
  const interval = intervalByLoad(
    { leastMs: 5, busyMs: 40 },
    loop(() => share),
  );
  expect(settled(interval)).toBe(5);
  share = 0.5;
  expect(settled(interval)).toBeCloseTo(20, 3);
  share = 1;
  expect(settled(interval)).toBeCloseTo(40, 3);
});

test('a single busy turn counts for an eighth', () => {
  let share = 0;
  const interval = intervalByLoad(
    { leastMs: 0, busyMs: 40 },
    loop(() => share),
  );
  settled(interval);
  share = 1;
  expect(interval()).toBeCloseTo(5, 3);
});

test('the loop of this process is measured from one question to the next', () => {
  const interval = intervalByLoad({ leastMs: 1, busyMs: 40 });
  for (let turn = 0; turn < 40; turn++) {
    const untilMs = performance.now() + 1;
    while (performance.now() < untilMs);
    interval();
  }
  expect(interval()).toBeGreaterThan(20);
});
