// Whatever is repeated and whatever Kafka has compacted: in the end the client shows what the newest outcomes say.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EnrichedRecord } from './change.ts';
import { Changes } from './changes.ts';
import { NewestResults } from './newest-results.ts';
import { recordOf, type Said, tombstoneOf } from './records.test-support.ts';

const SEED = 20_261_121;
const KEYS = ['a', 'b'];
const STATUSES = [
  'scored',
  'scored',
  'scored',
  'skipped',
  'failed',
  'over_budget',
  'deleted',
  'truncated',
] as const;

/** One transaction after the other, as the enricher answers them. */
const history = fc
  .array(fc.record({ key: fc.constantFrom(...KEYS), status: fc.constantFrom(...STATUSES) }), {
    maxLength: 25,
  })
  .map((said) => said.map((each, index): Said => ({ ...each, at: index + 1 })));

/** After how many records a process dies, and how many outcomes its successor repeats. */
const crashes = fc.array(fc.record({ after: fc.nat(40), back: fc.nat(10), isTorn: fc.boolean() }), {
  maxLength: 5,
});

interface Logged {
  readonly key: string;
  readonly make: () => EnrichedRecord;
}

function published(
  said: readonly Said[],
  dying: readonly { after: number; back: number; isTorn: boolean }[],
) {
  const log: Logged[] = [];
  const left = [...dying];
  for (let next = 0; next < said.length; ) {
    const each = said[next];
    if (each === undefined) break;
    const key = each.status === 'truncated' ? '' : each.key;
    log.push({ key, make: () => recordOf(each) });
    const [crash] = left;
    const dies = crash !== undefined && log.length >= crash.after;
    const isTorn = dies && crash.isTorn;
    if (each.status === 'deleted' && !isTorn) log.push({ key, make: () => tombstoneOf(key) });
    next += 1;
    if (!dies) continue;
    left.shift();
    next = Math.max(0, next - crash.back - (isTorn ? 1 : 0));
  }
  return log;
}

/** The cleaner keeps of each key the last record of what it has cleaned. */
function compacted(log: readonly Logged[], cleaned: number): readonly Logged[] {
  const last = new Map(log.slice(0, cleaned).map(({ key }, index) => [key, index]));
  return log.filter(({ key }, index) => index >= cleaned || last.get(key) === index);
}

function expected(said: readonly Said[]): Readonly<Record<string, unknown>> {
  const newest = new Map<string, number>();
  for (const { key, at, status } of said) {
    if (status === 'truncated') newest.clear();
    else if (status === 'scored') newest.set(`{"id":"${key}"}`, at);
    else newest.delete(`{"id":"${key}"}`);
  }
  return Object.fromEntries([...newest].toSorted());
}

test(`replays and compaction change nothing of what is shown in the end (seed ${SEED})`, () => {
  fc.assert(
    fc.property(history, crashes, fc.nat(40), fc.nat(40), (said, dying, readBefore, cleaned) => {
      const log = published(said, dying);
      const changes = new Changes<{ readonly score: number }>();
      const shown = new NewestResults<{ readonly score: number }>({ keysMax: 100 });
      // Read in part, then away for so long that the topic was compacted meanwhile, then the rest.
      const after = Math.min(readBefore, log.length);
      const rest = compacted(log, Math.min(cleaned, log.length)).filter((each) => log.indexOf(each) >= after);
      for (const { make } of [...log.slice(0, after), ...rest]) {
        const change = changes.read(make());
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
