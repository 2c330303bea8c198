import { expect, test } from 'vitest';
import { parseTimelineHistory } from './identify-system.ts';

test('the history of a server that was promoted twice', () => {
  const content =
    '1\t0/3000148\tno recovery target specified\n\n# a comment\n2\t1/A0\tbefore 2026-11-20 09:15:02+00\n';
  expect(parseTimelineHistory(content)).toEqual([
    { timeline: 1, endLsn: 0x3000148n },
    { timeline: 2, endLsn: 0x1000000a0n },
  ]);
});

test('no history', () => {
  expect(parseTimelineHistory('')).toEqual([]);
});
