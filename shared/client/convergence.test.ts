// Whatever is repeated, left behind a truncate, or compacted by Kafka: in the end the client shows what the newest outcomes say.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Changes } from './changes.ts';
import { readLogs } from './logs.test-support.ts';
import { NewestResults } from './newest-results.ts';
import { recordOf, type Said } from './records.test-support.ts';

const SEED = 20_261_121;
function expected(said: readonly Said[]): Readonly<Record<string, unknown>> {
  const newest = new Map<string, number>();
  for (const { key, at, status } of said) {
    if (status === 'truncated') newest.clear();
    else if (status === 'scored') newest.set(`{"id":"${key}"}`, at);
    else newest.delete(`{"id":"${key}"}`);
  }
  return Object.fromEntries([...newest].toSorted());
}

test(`replays, what a frozen process leaves behind a truncate, and compaction change nothing of what is shown in the end (seed ${SEED})`, () => {
  fc.assert(
    fc.property(readLogs, ({ said, records }) => {
      const changes = new Changes<{ readonly score: number }>();
      const shown = new NewestResults<{ readonly score: number }>({ keysMax: 100 });
      for (const record of records) {
        const change = changes.read(record);
        if (change !== undefined) shown.apply(change);
      }
      const scores = [...shown.entries()].map(([key, { result }]) => [key, result.score]);
      expect(Object.fromEntries(scores.toSorted())).toEqual(expected(said));
    }),
    { seed: SEED, numRuns: 6_000 },
  );
});

test('a map with more rows than it was made for says so instead of forgetting one', () => {
  const changes = new Changes<{ readonly score: number }>();
  const shown = new NewestResults<{ readonly score: number }>({ keysMax: 1 });
  const apply = (said: Said): void => {
    const change = changes.read(recordOf(said));
    if (change !== undefined) shown.apply(change);
  };
  apply({ key: 'a', at: 1, status: 'scored' });
  apply({ key: 'a', at: 2, status: 'scored' });
  expect(() => apply({ key: 'b', at: 3, status: 'scored' })).toThrow(/more than 1 rows/);
});

test('a late repetition of a key that was forgotten in between does not replace what is newer', () => {
  const changes = new Changes<{ readonly score: number }>({ keysMax: 2 });
  const shown = new NewestResults<{ readonly score: number }>({ keysMax: 10 });
  const apply = (said: Said): void => {
    const change = changes.read(recordOf(said));
    if (change !== undefined) shown.apply(change);
  };
  apply({ key: 'a', at: 9, status: 'scored' });
  for (const key of ['b', 'c', 'd']) apply({ key, at: 9, status: 'scored' });
  apply({ key: 'a', at: 3, status: 'scored' });
  apply({ key: 'b', at: 4, status: 'skipped' });
  expect([...shown.entries()].map(([key, { result }]) => [key, result.score])).toEqual([
    ['{"id":"a"}', 9],
    ['{"id":"b"}', 9],
    ['{"id":"c"}', 9],
    ['{"id":"d"}', 9],
  ]);
});
