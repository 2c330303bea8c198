import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createTelemetry } from '../../../shared/telemetry/http.ts';
import type { Halt } from './decide.ts';
import { StandingStill } from './standing-still.ts';

function watched() {
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const telemetry = createTelemetry('slot');
  let nowMs = 0;
  const still = new StandingStill({ telemetry, logger }, () => nowMs);
  return {
    still,
    lines,
    says: () => telemetry.readiness.missing.slot,
    pass: (seconds: number) => {
      nowMs += seconds * 1000;
    },
  };
}

const standby = { action: 'wait', reason: 'standby', message: 'Standing by.' } as const;
const recovery = { action: 'wait', reason: 'recovery', message: 'Not the writer.' } as const;
const halt: Halt = {
  action: 'halt',
  code: 'slot_lost',
  message: 'The slot is gone.',
  gap: null,
  subject: 'slot',
};
const INFO = 30;
const WARNING = 40;
const ERROR = 50;

test('waiting is said once, and again as a warning when it lasts', () => {
  const { still, lines, says, pass } = watched();
  for (let second = 0; second < 50; second++) {
    still.waits(recovery);
    pass(1);
  }
  expect(says()).toBe('Not the writer.');
  expect(lines.map(({ level }) => level)).toEqual([INFO, WARNING, WARNING]);
});

test('a standby is nothing to warn of: said once, when it waits for another process, and every ten minutes', () => {
  const { still, lines, says, pass } = watched();
  for (let second = 0; second < 1_210; second++) {
    still.waits(standby);
    pass(1);
  }
  still.waits({ ...standby, message: 'Standing by for another.' });
  expect(says()).toBe('Standing by for another.');
  expect(lines.map(({ level }) => level)).toEqual([INFO, INFO, INFO, INFO]);
});

test('a halt is said at once with what to do, and every minute after that', () => {
  const { still, lines, says, pass } = watched();
  for (let look = 0; look < 25; look++) {
    still.halts(halt);
    pass(5);
  }
  expect(says()).toMatch(/^slot_lost: The slot is gone\. .*afterglow gaps repair/);
  expect(lines.map(({ level }) => level)).toEqual([ERROR, ERROR, ERROR]);
});

test('another reason is said at once', () => {
  const { still, lines } = watched();
  still.halts(halt);
  still.halts({ ...halt, code: 'slot_moved', message: 'It was moved.' });
  expect(lines.map(({ msg }) => msg)).toEqual(['The slot is gone.', 'It was moved.']);
});

test('the transaction that a new slot waits for is named', () => {
  const { still, lines, says } = watched();
  still.slotWaits({ pid: 4711, transactionId: '900', ageSeconds: 61.2, application: 'shop' });
  expect(says()).toContain('process 4711 has been in one for 61 s');
  expect(lines[0]).toMatchObject({ level: WARNING, pid: 4711, transaction_id: '900', age_seconds: 61 });
});

test('the age of the transaction that a new slot waits for is left out where it may not be seen', () => {
  const { still, says } = watched();
  still.slotWaits({ pid: 4711, transactionId: '900', ageSeconds: undefined, application: 'shop' });
  expect(says()).toBe('A new slot waits for open write transactions: process 4711 is in one.');
});
