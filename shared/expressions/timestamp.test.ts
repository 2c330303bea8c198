import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTimestamp } from './timestamp.ts';

test.each([
  ['2026-11-20 09:15:02.123456+00', '2026-11-20T09:15:02.123Z'],
  ['2026-11-20 09:15:02+00', '2026-11-20T09:15:02.000Z'],
  ['2026-11-20 09:15:02.1+00', '2026-11-20T09:15:02.100Z'],
  ['2026-11-20 09:15:02.5+05:30', '2026-11-20T03:45:02.500Z'],
  ['2026-11-20 09:15:02-08', '2026-11-20T17:15:02.000Z'],
  ['1890-01-01 00:00:00+01:39:49', '1889-12-31T22:20:11.000Z'],
  ['2026-11-20 09:15:02.999999', '2026-11-20T09:15:02.999Z'],
  ['2026-11-20', '2026-11-20T00:00:00.000Z'],
  ['0099-02-03 04:05:06+00', '0099-02-03T04:05:06.000Z'],
  ['0001-01-01 00:00:00+00 BC', '0000-01-01T00:00:00.000Z'],
  ['12026-01-02 00:00:00+00', '+012026-01-02T00:00:00.000Z'],
])('%s is %s', (text, instant) => {
  expect(parseTimestamp(text)?.toISOString()).toBe(instant);
});

test.each(['infinity', '-infinity', '', 'yesterday', '2026-11-20 09:15', '294276-12-31 23:59:59+00 AD'])(
  'no instant can hold %j',
  (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  },
);

test('the short way for the common form agrees with the long one', () => {
  const seed = 20_261_120;
  const instants = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(instants, (date) => {
      const text = date.toISOString().replace('T', ' ');
      const short = parseTimestamp(text.replace('Z', '456+00'));
      expect(short?.getTime()).toBe(date.getTime());
      expect(parseTimestamp(text.replace('Z', '456+00:00'))?.getTime()).toBe(date.getTime());
    }),
    { seed },
  );
});
