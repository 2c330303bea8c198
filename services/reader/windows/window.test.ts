import { describe, expect, test } from 'vitest';
import { Tallies } from './tally.ts';
import { type Balance, type Ends, isPast, missingSince, stepOf, stillKept, type Window } from './window.ts';

const ends = (...offsets: readonly number[]): Ends =>
  new Map(offsets.map((offset, partition) => [partition, BigInt(offset)]));
const window: Window = { commitLsn: 16n, openedAtMs: 0, owed: 10, stage: 'enriching', ends: ends(7, 5) };
const base: Balance = { records: 100n, owed: 0 };

describe('a window', () => {
  test.for([
    ['stays open while one partition is behind', window, ends(7, 4), ends(105, 5), 'enriching'],
    [
      'goes on to the writer when as many outcomes came as it owed',
      window,
      ends(7, 5),
      ends(105, 5),
      'writing',
    ],
    [
      'goes on when more came: repeats and tombstones are on the topic, too',
      window,
      ends(9, 9),
      ends(120, 30),
      'writing',
    ],
    ['is short when the group is past and fewer came', window, ends(7, 5), ends(103, 4), 'short of 3'],
    [
      'stays open until the writer is past the outcomes',
      { ...window, stage: 'writing', ends: ends(105, 5) },
      ends(105, 4),
      ends(105, 5),
      'writing',
    ],
    [
      'is closed when the writer is past them',
      { ...window, stage: 'writing', ends: ends(105, 5) },
      ends(105, 5),
      ends(199, 9),
      'closed',
    ],
  ] satisfies readonly (readonly [string, Window, Ends, Ends, string])[])(
    '%s',
    ([, from, next, enriched, expected]) => {
      const step = stepOf(from, { next, enriched, unpaid: 0n, isWritten: true }, base);
      const said =
        step.kind === 'open'
          ? step.window.stage
          : step.shortfall === 0
            ? 'closed'
            : `short of ${step.shortfall}`;
      expect(said).toBe(expected);
    },
  );
});

test('a window owes no outcome for a change whose result stands', () => {
  const sight = { next: ends(7, 5), enriched: ends(103, 4), isWritten: true };
  expect(stepOf(window, { ...sight, unpaid: 3n }, base)).toMatchObject({ kind: 'open' });
  expect(stepOf(window, { ...sight, unpaid: 2n }, base)).toEqual({ kind: 'closed', shortfall: 1 });
});

test('a window is unwritten when at two looks the writer is past outcomes that the side tables do not have', () => {
  const writing: Window = { ...window, stage: 'writing', ends: ends(105, 5) };
  const sight = { next: ends(105, 5), enriched: ends(105, 5), unpaid: 0n };
  const unwritten: Window = { ...writing, stage: 'unwritten' };
  const committed: Window = { ...writing, stage: 'committed' };
  expect(stepOf(writing, { ...sight, isWritten: false }, base)).toEqual({ kind: 'open', window: committed });
  expect(stepOf(committed, { ...sight, isWritten: true }, base)).toEqual({ kind: 'closed', shortfall: 0 });
  expect(stepOf(committed, { ...sight, isWritten: false }, base)).toEqual({
    kind: 'open',
    window: unwritten,
  });
  expect(stepOf(unwritten, { ...sight, isWritten: false }, base)).toEqual({
    kind: 'open',
    window: unwritten,
  });
  const gone = { ...sight, next: ends(100, 5), isWritten: false };
  for (const from of [committed, unwritten]) {
    expect(stepOf(from, gone, base)).toEqual({ kind: 'open', window: writing });
  }
  expect(stepOf(unwritten, { ...sight, isWritten: true }, base)).toEqual({ kind: 'closed', shortfall: 0 });
});

test.for([
  ['nothing was removed', ends(0, 0), [0, 1]],
  ['some of it was removed', ends(104, 4), [0, 1]],
  ['all of one partition was removed', ends(0, 5), [0]],
  ['more was removed than it waits for', ends(106, 9), []],
  ['nothing is known of a partition', ends(105), [1]],
] as const)('a window waits for what the broker still has: %s', ([, low, partitions]) => {
  const window = ends(105, 5, 0);
  expect([...stillKept(window, low)]).toEqual(partitions.map((at) => [at, window.get(at)]));
});

test.for([
  ['has nowhere to go on', ends(105)],
  ['was set before what was removed', ends(105, 0)],
] as const)(
  'a partition whose records were all removed keeps no window open where the writer %s',
  ([, next]) => {
    const kept = stillKept(ends(105, 5), ends(0, 5));
    const writing: Window = { ...window, stage: 'writing', ends: kept };
    const sight = { next, enriched: ends(105, 5), unpaid: 0n, isWritten: isPast(ends(105), kept) };
    expect(stepOf(writing, sight, base)).toEqual({ kind: 'closed', shortfall: 0 });
  },
);

test.for([
  ['as many came as were owed', { records: 105n, owed: 25 }, 0],
  ['what is missing is missing', { records: 102n, owed: 25 }, 3],
  ['what came twice is too much', { records: 109n, owed: 25 }, -4],
] as const)('since a balance: %s', ([, now, missing]) => {
  expect(missingSince({ records: 100n, owed: 20 }, now)).toBe(missing);
});

describe('tallies', () => {
  const tallies = (): Tallies => new Tallies((table) => (table === 'public.t' ? ['fraud', 'other'] : []));

  test('count what is behind the beginning, for those it is addressed to', () => {
    const counted = tallies();
    // A deletion with its tombstone, and three others.
    const one = { table: 'public.t', published: 4, records: 5, parked: 1 };
    counted.confirmed(90n, [one]);
    counted.begin(100n);
    counted.confirmed(100n, [one]);
    expect(counted.of('public.t')).toBeUndefined();
    counted.confirmed(101n, [one]);
    counted.confirmed(102n, [
      { ...one, enrichments: ['fraud', 'gone'] },
      { ...one, table: 'public.u' },
    ]);
    expect(counted.of('public.t')).toEqual({
      commitLsn: 102n,
      records: 10,
      owed: new Map([
        ['fraud', 10],
        ['other', 5],
      ]),
    });
    expect(counted.of('public.u')?.owed.size).toBe(0);
  });
});
