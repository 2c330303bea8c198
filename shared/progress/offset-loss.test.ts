import { expect, test } from 'vitest';
import { lossOf } from './offset-loss.ts';

const lag = (low: bigint, high: bigint, committed: bigint | undefined) => ({
  topic: 't',
  partition: 0,
  low,
  high,
  committed,
});

test.each<[string, ReturnType<typeof lag>, bigint | undefined, string | undefined]>([
  [
    'a new group loses nothing, even where the log has lost its beginning',
    lag(5n, 9n, undefined),
    undefined,
    undefined,
  ],
  ['a group that only the database knows', lag(0n, 9n, undefined), 4n, 'offset_missing'],
  ['a group within the log', lag(5n, 9n, 5n), 5n, undefined],
  ['a group at the end of the log', lag(5n, 9n, 9n), 7n, undefined],
  ['a group that the log has left behind', lag(5n, 9n, 4n), 4n, 'behind_log_start'],
  ['one that the database does not know yet', lag(5n, 9n, 4n), undefined, 'behind_log_start'],
  ['a loss that is recorded already', lag(5n, 9n, 4n), 5n, undefined],
  ['a second loss behind the first', lag(8n, 9n, 4n), 5n, 'behind_log_start'],
  ['a topic that was made again', lag(0n, 3n, 9n), 9n, 'beyond_log_end'],
  ['the same, recorded already', lag(0n, 3n, 9n), 0n, undefined],
])('%s', (_name, given, known, expected) => {
  expect(lossOf(given, known)?.kind).toBe(expected);
});
