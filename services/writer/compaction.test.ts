import { expect, test } from 'vitest';
import { overtakenOf, refuseOvertaken } from './compaction.ts';

const lag = (low: bigint, committed: bigint | undefined, high: bigint) => ({
  topic: 'results',
  partition: 2,
  low,
  committed,
  high,
});

test.each<[string, ReturnType<typeof lag>, bigint, boolean]>([
  ['the next record is young', lag(0n, 40n, 100n), 40n, false],
  ['young ones alone were left', lag(0n, 40n, 100n), 7n, false],
  ['the next record is old', lag(0n, 40n, 100n), 60n, true],
  ['the next record is gone, and what follows is young', lag(0n, 40n, 100n), 41n, true],
  ['all of them are old', lag(0n, 40n, 100n), 100n, true],
  ['nothing is left to take', lag(0n, 100n, 100n), 100n, false],
  ['a group that has never committed', lag(0n, undefined, 100n), 60n, false],
  ['what the log threw away as a whole is told of as that', lag(50n, 40n, 100n), 60n, false],
])('%s', (_name, partition, untouchedFrom, isOvertaken) => {
  expect(overtakenOf(partition, untouchedFrom)).toEqual(
    isOvertaken ? { topic: 'results', partition: 2, committed: 40n, offset: 100n } : undefined,
  );
});

const DAY_MS = 86_400_000;

test.each<[string, number, number, boolean]>([
  ['a record of before the start, which the start has looked at', -1, 9, false],
  ['a record that waited for days', 1, 7, false],
  ['a record that came since and waited for longer than all are kept', 1, 9, true],
])('%s', (_name, cameAtDays, nowDays, isRefused) => {
  const refuse = () => refuseOvertaken([{ timestampMs: cameAtDays * DAY_MS }], 0, nowDays * DAY_MS);
  if (isRefused) expect(refuse).toThrow(/stood still/);
  else expect(refuse).not.toThrow();
});
