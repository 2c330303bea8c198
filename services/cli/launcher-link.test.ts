import { expect, test } from 'vitest';
import { SignalMemory } from './launcher-link.ts';

test.each([
  ['the terminal brought it first', [900], [1_000], [false]],
  ['the terminal brought it a moment after the report', [1_050], [1_000], [false]],
  ['only the launcher had it', [], [1_000], [true]],
  ['npm and the launcher both report one kill', [], [1_000, 1_030], [true, false]],
  ['a second key press is a second signal', [], [1_000, 2_000], [true, true]],
  ['an old signal does not swallow a new one', [500], [1_000], [true]],
] as const)('%s', (_name, direct, reported, expected) => {
  const memory = new SignalMemory();
  for (const atMs of direct) memory.direct('SIGINT', atMs);
  const isNew = reported.map((reportedAtMs) => {
    const answer = memory.isNew('SIGINT', reportedAtMs, reportedAtMs + 200);
    if (answer) memory.direct('SIGINT', reportedAtMs + 200); // raising it reaches our own listener
    return answer;
  });
  expect(isNew).toEqual(expected);
});

test('signals are told apart', () => {
  const memory = new SignalMemory();
  memory.direct('SIGTERM', 1_000);
  expect(memory.isNew('SIGINT', 1_000, 1_200)).toBe(true);
});
