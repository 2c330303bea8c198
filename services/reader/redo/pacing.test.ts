import { describe, expect, test } from 'vitest';
import { CHUNK_ROWS_MAX, CHUNK_ROWS_MIN, GroupPace, rowsAllowed } from './pacing.ts';

/** Readings half a second apart: [finished, ahead]. */
function paced(...readings: readonly (readonly [finished: number, ahead: number])[]): GroupPace {
  const pace = new GroupPace();
  for (const [index, [finished, ahead]] of readings.entries())
    pace.read({ atMs: index * 500, finished, ahead });
  return pace;
}

describe('the pace of a group', () => {
  test.each<[string, GroupPace, number]>([
    ['never asked: nothing goes', paced(), 0],
    ['idle and unknown: a few rows to learn from', paced([0, 0]), CHUNK_ROWS_MIN],
    ['unknown with work before it: first that', paced([0, 100]), 0],
    ['it does not move: it may be away', paced([0, 100], [0, 100]), 0],
    [
      '250 in half a second, and half a second before it: two seconds of work',
      paced([0, 500], [250, 250]),
      1_000,
    ],
    ['more before it than two seconds of its work: not now', paced([0, 5_000], [250, 4_750]), 0],
    ['exactly two seconds: the next may go', paced([0, 1_250], [250, 1_000]), 1_000],
    ['a slow one still gets the smallest chunk', paced([0, 10], [10, 0]), CHUNK_ROWS_MIN],
    ['a fast one gets the largest', paced([0, 50_000], [50_000, 0]), CHUNK_ROWS_MAX],
    ['idle afterwards: what was learned stays', paced([0, 500], [500, 0], [500, 0], [500, 0]), 2_000],
  ])('%s', (_name, pace, rows) => {
    expect(pace.rowsAllowed).toBe(rows);
  });

  test('a group that has something to do and finishes nothing stands still, one that had nothing does not', () => {
    const still = (count: number, ahead: number) =>
      paced([0, 0], ...Array.from({ length: count }, () => [0, ahead] as const));
    expect(still(30, 100).isStill).toBe(false);
    expect(still(31, 100).isStill).toBe(true);
    expect(still(500, 0).isStill).toBe(false);
    expect(
      paced([0, 0], ...Array.from({ length: 100 }, (_, count) => [count + 1, 100] as const)).isStill,
    ).toBe(false);
  });

  test('a group that slows down is believed within a few readings, one that runs dry is not slow', () => {
    const slowing = paced([0, 9_000], [1_000, 8_000], [1_100, 7_900], [1_200, 7_800], [1_300, 7_700]);
    expect(slowing.ratePerSecond).toBeLessThan(500);
    const dry = paced([0, 1_000], [1_000, 0], [1_010, 0]);
    expect(dry.ratePerSecond).toBe(2_000);
  });

  test('what was published since the last reading counts as before it', () => {
    const pace = paced([0, 500], [500, 0]);
    pace.published(2_000);
    expect(pace.rowsAllowed).toBe(2_000);
    pace.published(1);
    expect(pace.rowsAllowed).toBe(0);
  });
});

test('the slowest group decides', () => {
  expect(rowsAllowed([{ rowsAllowed: 4_000 }, { rowsAllowed: 150 }])).toBe(150);
  expect(rowsAllowed([{ rowsAllowed: 4_000 }, { rowsAllowed: 0 }])).toBe(0);
  expect(rowsAllowed([])).toBe(CHUNK_ROWS_MAX);
});

const READ_EVERY_MS = 400;

/** Virtual time: groups that finish so many rows a second, and a job that publishes whatever is allowed. */
function simulate(ratesPerSecond: readonly number[], seconds: number, chunkEveryMs = 50) {
  const groups = ratesPerSecond.map((rate) => ({ rate, pace: new GroupPace(), finished: 0 }));
  let published = 0;
  let largestChunk = 0;
  let mostAhead = 0;
  for (let atMs = 0; atMs <= seconds * 1_000; atMs += 50) {
    for (const group of groups) {
      group.finished = Math.min(published, group.finished + group.rate / 20);
      if (atMs % READ_EVERY_MS === 0) {
        const finished = Math.floor(group.finished);
        group.pace.read({ atMs, finished, ahead: published - finished });
      }
    }
    const rows = atMs % chunkEveryMs === 0 ? rowsAllowed(groups.map(({ pace }) => pace)) : 0;
    published += rows;
    for (const { pace } of groups) pace.published(rows);
    largestChunk = Math.max(largestChunk, rows);
    mostAhead = Math.max(mostAhead, ...groups.map(({ finished }) => published - finished));
  }
  return { published, largestChunk, mostAhead };
}

test.each<[readonly number[], number]>([
  [[20], 20],
  [[100], 100],
  [[800], 800],
  [[1_500], 1_500],
  [[1_500, 300], 300],
])(
  'groups of %j rows a second: a chunk is two seconds of the slowest at most, and it has always something to do',
  (rates, slowest) => {
    const seconds = 120;
    const { published, largestChunk, mostAhead } = simulate(rates, seconds);
    const work = Math.max(CHUNK_ROWS_MIN, 2 * slowest);
    // What is measured between two readings may be a little more than what a group does on average.
    expect(largestChunk).toBeLessThanOrEqual(Math.ceil(work * 1.1));
    // One chunk goes while at most two seconds of work are ahead.
    expect(mostAhead).toBeLessThanOrEqual(Math.ceil(2 * work * 1.1));
    expect(published).toBeGreaterThan(0.8 * slowest * seconds);
  },
);

test('where a chunk takes long for other reasons, the speed of the group is learned all the same', () => {
  // A group that is idle between two chunks is not slow.
  const { largestChunk } = simulate([20_000], 120, 4_000);
  expect(largestChunk).toBe(CHUNK_ROWS_MAX);
  expect(simulate([100], 120, 4_000).largestChunk).toBeLessThanOrEqual(2 * 100 * 1.1);
});
