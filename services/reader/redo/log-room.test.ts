import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { WalSafety } from '../slot-watch/wal-safety.ts';
import { LogRoom } from './log-room.ts';

const WAITS = 'redo waits: the log that is kept for the slot runs short';
const GOES_ON = 'redo goes on';

/** [safety as measured, whether a job is open]. */
type Look = readonly [WalSafety | undefined, boolean];

test.each<[string, readonly Look[], readonly boolean[], readonly string[]]>([
  ['nothing goes before the slot was measured', [[undefined, true]], [true], []],
  ['there is room', [['warning', true]], [false], []],
  [
    'the log runs short and has room again',
    [
      ['critical', true],
      ['last_chance', true],
      ['warning', true],
    ],
    [true, true, false],
    [WAITS, GOES_ON],
  ],
  [
    'the last job is cancelled while the log runs short: nothing goes on',
    [
      ['critical', true],
      ['critical', false],
      ['ok', false],
    ],
    [true, false, false],
    [WAITS],
  ],
])('%s', (_what, looks, held, said) => {
  const lines: string[] = [];
  const logger = pino(
    {},
    { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const shown: boolean[] = [];
  const room = new LogRoom(logger, { held: (isHeld) => void shown.push(isHeld) });
  const answers = looks.map(([safety, isWanted]) => {
    if (safety !== undefined) room.measured(safety);
    return room.holds(isWanted);
  });
  expect(answers).toEqual(held);
  expect(lines).toEqual(said);
  expect(shown.at(-1)).toBe(looks[0]?.[0] === undefined ? false : held.at(-1));
});
