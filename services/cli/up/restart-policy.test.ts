import { expect, test } from 'vitest';
import { RestartPolicy } from './restart-policy.ts';

const UNREACHABLE = 3;
const DEFECT = 70;

test.each([
  ['three quick ends in a row stay down', [900, 900, 900], [1_000, 2_000, 'down']],
  ['a service that had run well is started again at once', [60_000, 60_000], [500, 500]],
  [
    'a good run in between starts the count anew',
    [900, 900, 60_000, 900, 900, 900],
    [1_000, 2_000, 500, 1_000, 2_000, 'down'],
  ],
] as const)('%s', (_name, livesMs, expected) => {
  const policy = new RestartPolicy();
  const decisions = livesMs.map((livedMs) => policy.decide(livedMs, UNREACHABLE));
  expect(decisions.map((decision) => (decision.action === 'restart' ? decision.waitMs : 'down'))).toEqual(
    expected,
  );
});

test('a definition that is refused now is refused again', () => {
  expect(new RestartPolicy().decide(60_000, 2)).toEqual({ action: 'stay_down' });
  expect(new RestartPolicy().decide(60_000, null)).toEqual({ action: 'restart', waitMs: 500 });
});

test('a defect is given the time in which a row that causes it is isolated', () => {
  const policy = new RestartPolicy();
  const decisions = Array.from({ length: 7 }, () => policy.decide(900, DEFECT));
  expect(decisions.map(({ action }) => action)).toEqual([...Array<string>(6).fill('restart'), 'stay_down']);
});
