import { expect, test } from 'vitest';
import { RetentionLag } from './retention-lag.ts';

test('a wait of three quarters of the retention ends, and begins again when it is made up', () => {
  const lag = new RetentionLag(100);
  expect(lag.isLate(1_000)).toBe(false);
  lag.working(0);
  expect(lag.isLate(74)).toBe(false);
  expect(lag.isLate(75)).toBe(true);
  lag.working(30); // half of the way
  expect(lag.isLate(80)).toBe(true);
  lag.working(60);
  expect(lag.isLate(80)).toBe(false);
  expect(lag.isLate(134)).toBe(false);
  expect(lag.isLate(135)).toBe(true);
});
