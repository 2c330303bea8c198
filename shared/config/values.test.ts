import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatDuration,
  formatRate,
  formatTableName,
  parseDurationMs,
  parseRatePerSecond,
  parseTableName,
} from './values.ts';

test.each([
  ['10ms', 10],
  ['2s', 2_000],
  ['90m', 5_400_000],
  ['36h', 129_600_000],
  ['7d', 604_800_000],
])('%s is %d ms and written the same again', (text, durationMs) => {
  expect(parseDurationMs(text)).toBe(durationMs);
  expect(formatDuration(durationMs)).toBe(text);
});

test.each([
  ['10/s', 10],
  ['90/m', 1.5],
  ['100/m', 100 / 60],
  ['1/h', 1 / 3_600],
])('%s is %d a second and written the same again', (text, perSecond) => {
  expect(parseRatePerSecond(text)).toBe(perSecond);
  expect(formatRate(perSecond)).toBe(text);
});

test.each([
  ['public.transactions', { schema: 'public', name: 'transactions' }],
  ['public.Weird Table', { schema: 'public', name: 'Weird Table' }],
  ['"odd.schema"."a.b"', { schema: 'odd.schema', name: 'a.b' }],
  ['"odd.schema".plain', { schema: 'odd.schema', name: 'plain' }],
])('%s is a table', (text, table) => {
  expect(parseTableName(text)).toEqual(table);
  expect(formatTableName(table)).toBe(text);
});

test('every duration and every rate survives being written and read', () => {
  const seed = 20_261_124;
  const count = fc.integer({ min: 1, max: 999_999_999 });
  fc.assert(
    fc.property(
      count,
      fc.constantFrom('ms', 's', 'm', 'h', 'd'),
      fc.constantFrom('s', 'm', 'h'),
      (n, time, per) => {
        const durationMs = parseDurationMs(`${n}${time}`);
        expect(parseDurationMs(formatDuration(durationMs))).toBe(durationMs);
        const perSecond = parseRatePerSecond(`${n}/${per}`);
        expect(parseRatePerSecond(formatRate(perSecond))).toBeCloseTo(perSecond, 9);
      },
    ),
    { seed },
  );
});
