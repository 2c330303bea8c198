import { expect, test } from 'vitest';
import { Spacing } from './spacing.ts';

test('what comes after a quiet time waits for nothing, and what follows it for the rest of the interval', async () => {
  let nowMs = 1_000;
  const waitsMs: number[] = [];
  const spacing = new Spacing(
    5,
    () => nowMs,
    async (waitMs) => {
      waitsMs.push(waitMs);
      nowMs += waitMs;
    },
  );
  await spacing.turn();
  nowMs += 2;
  await spacing.turn();
  expect(waitsMs).toEqual([3]);
  // The work itself may take longer than the interval: then nothing is left to wait for.
  nowMs += 7;
  await spacing.turn();
  expect(waitsMs).toEqual([3]);
  await spacing.turn();
  expect(waitsMs).toEqual([3, 5]);
});
