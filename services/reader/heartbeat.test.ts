import { expect, test } from 'vitest';
import { liveness } from './heartbeat.ts';

test('silence counts from what came last', () => {
  const alive = liveness(1_000);
  alive.received(5_000);
  expect(alive.silenceMs(18_000)).toBe(13_000);
});

test('while we hold back nobody is silent, however long Kafka takes; afterwards it counts anew', () => {
  const alive = liveness(1_000);
  alive.received(2_000);
  alive.holdsBack();
  expect(alive.silenceMs(60_000)).toBeLessThanOrEqual(0);
  alive.goesOn(60_000);
  expect(alive.silenceMs(61_000)).toBe(1_000);
});
