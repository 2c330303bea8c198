import { expect, test } from 'vitest';
import { isLate } from './late-group.ts';

test.each<[string, bigint | undefined, bigint, bigint, bigint, boolean]>([
  ['is within it', 60n, 10n, 100n, 50n, false],
  ['wants the first record that is', 50n, 10n, 100n, 50n, false],
  ['wants an older one', 49n, 10n, 100n, 50n, true],
  ['never committed, and its beginning is older', undefined, 10n, 100n, 50n, true],
  ['never committed, and nothing is older', undefined, 50n, 100n, 50n, false],
  ['has nothing to take, however old the last record is', 100n, 10n, 100n, 100n, false],
  ['is behind the last record, which is older', 99n, 10n, 100n, 100n, true],
])('a group that %s', (_name, committed, low, high, half, expected) => {
  const lag = { topic: 't', partition: 0, low, high, committed };
  expect(isLate([lag], new Map([[0, half]]))).toBe(expected);
});
