import { expect, test } from 'vitest';
import { formatDuration, parseDurationMs } from './duration.ts';

test.each([
  ['30s', 30_000],
  ['500ms', 500],
  ['1.5h', 5_400_000],
  ['1h30m', 5_400_000],
  ['2d', 172_800_000],
  ['30', undefined],
  ['s', undefined],
  ['', undefined],
  ['30s ', undefined],
  ['-5s', undefined],
  ['5 m', undefined],
])('%j is %s', (text, expected) => {
  expect(parseDurationMs(text)).toBe(expected);
});

test.each([
  [420, '0.4 s'],
  [42_900, '42 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
])('%d ms reads %s', (durationMs, expected) => {
  expect(formatDuration(durationMs)).toBe(expected);
});
