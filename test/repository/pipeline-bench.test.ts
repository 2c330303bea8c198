import { expect, test } from 'vitest';
import { batchSample } from '../bench/pipeline/batches.ts';
import { hopSample, keepsUp, type Passage, percentiles, type RowTimes } from '../bench/pipeline/hops.ts';
import { parseLog } from '../bench/pipeline/load.ts';
import { observe, ratios } from '../bench/pipeline/observation.ts';
import { tables } from '../bench/pipeline/tables.ts';

/** A row that took so long for each hop. */
const row = (publishedMs: number, enrichedMs: number, writtenMs: number): RowTimes => ({
  committedAtMs: 1_000,
  publishedAtMs: 1_000 + publishedMs,
  enrichedAtMs: 1_000 + publishedMs + enrichedMs,
  writtenAtMs: 1_000 + publishedMs + enrichedMs + writtenMs,
  modelMs: 20,
});

test('percentiles are values that were measured, the one at or above the share', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentiles('way', hundred)).toEqual({
    way_p50_ms: 50,
    way_p90_ms: 90,
    way_p99_ms: 99,
    way_most_ms: 100,
  });
  expect(percentiles('way', [7])).toEqual({ way_p50_ms: 7, way_p90_ms: 7, way_p99_ms: 7, way_most_ms: 7 });
  expect(() => percentiles('way', [])).toThrow(RangeError);
});

test('the shares of the hops are those of the whole time of all rows, and add up to all of it', () => {
  const sample = hopSample([row(1, 30, 9), row(3, 50, 107)]);
  expect(sample).toMatchObject({
    commit_to_written_p50_ms: 40,
    commit_to_written_most_ms: 160,
    commit_to_published_p50_ms: 1,
    published_to_enriched_p99_ms: 50,
    enriched_to_written_p99_ms: 107,
    commit_to_published_share: 4 / 200,
    published_to_enriched_share: 80 / 200,
    enriched_to_written_share: 116 / 200,
    model_share: 40 / 200,
  });
});

/** A thousand rows a second for so long, written at another rate; the pipeline itself takes 30 ms, and 200 now and then. */
function passages(seconds: number, writtenPerSecond: number): readonly Passage[] {
  return Array.from({ length: seconds * 1_000 }, (_, number) => {
    const wayMs = number % 10 === 0 ? 200 : 30;
    return {
      committedAtMs: number,
      writtenAtMs: Math.max(number, (number * 1_000) / writtenPerSecond) + wayMs,
    };
  });
}

test.each([
  [1_000, true],
  [2_000, true],
  [950, false],
  [500, false],
])(
  'of a thousand rows a second, those that are written at %i a second: followed %s',
  (writtenPerSecond, isFollowed) => {
    expect(keepsUp(passages(20, writtenPerSecond))).toBe(isFollowed);
    expect(keepsUp(passages(20, writtenPerSecond).toReversed())).toBe(isFollowed);
  },
);

test('one pause that is made up for is no growing lag', () => {
  const rows = passages(20, 1_000).map((passage, number) =>
    number >= 11_000 && number < 12_000 ? { ...passage, writtenAtMs: 12_500 } : passage,
  );
  expect(keepsUp(rows)).toBe(true);
});

test('a commit took what pgbench says, without the time for which it was late', () => {
  const log = '0 1 2503 0 1795251600 123456 1203\n3 1 900 1 1795251600 125456 0\n';
  expect(parseLog(log)).toEqual([
    { script: 0, tookMs: 1.3 },
    { script: 1, tookMs: 0.9 },
  ]);
  expect(() => parseLog('progress: 10.0 s')).toThrow(RangeError);
});

test('rows at once are those of the measured time alone', () => {
  const before = { reader: { rows: 1_000, times: 1_000 }, writer: { rows: 10, times: 5 } };
  const after = { reader: { rows: 4_000, times: 1_500 }, writer: { rows: 110, times: 9 } };
  expect(batchSample(before, after)).toEqual({ reader_rows_at_once: 6, writer_rows_at_once: 25 });
});

test('what was not measured is not told of', () => {
  const drain = { rows_per_second: 4321.6 };
  expect(observe({ drain })).toBe('a backlog is drained at 4,322 rows a second.');
  expect(ratios({ drain })).toEqual({});
});

test('the three ways are compared with the table that has nothing beside it', () => {
  const way = (commitMs: number, cpuUs: number, writtenMs: number) => ({
    commit_p50_ms: commitMs,
    commit_p99_ms: commitMs * 2,
    database_cpu_per_commit_us: cpuUs,
    commit_to_written_p50_ms: writtenMs,
  });
  const { commit_to_written_p50_ms: _, ...without } = way(1, 100, 0);
  const medians = { hot_without: without, hot_afterglow: way(1.5, 300, 40), hot_trigger: way(3, 600, 80) };
  expect(ratios(medians)).toEqual({
    commit_p50_with_afterglow: 1.5,
    commit_p50_with_trigger: 3,
    commit_p99_with_afterglow: 1.5,
    commit_p99_with_trigger: 3,
    database_cpu_of_trigger: 0.5,
    latency_of_trigger: 0.5,
  });
  expect(observe(medians)).toContain(
    'p50 1, 1.5, 3 ms, p99 2, 3, 6 ms, database CPU per commit 100, 300, 600 us',
  );
});

test('hops, processes and ways stand in tables, each cell in its column', () => {
  const steady = {
    ...hopSample([row(1, 30, 9)]),
    reader_cpu_seconds: 3.214,
    reader_peak_memory_mb: 150,
    reader_rows_at_once: 5,
    postgres_cpu_seconds: 11,
  };
  expect(tables({ steady, hot_trigger: { commit_p50_ms: 0.25 } })).toEqual([
    '                       p50_ms  p90_ms  p99_ms  most_ms  share',
    'commit_to_published         1       1       1        1  0.025',
    'published_to_enriched      30      30      30       30   0.75',
    'enriched_to_written         9       9       9        9  0.225',
    'commit_to_written          40      40      40       40',
    '',
    '          cpu_seconds  peak_memory_mb  rows_at_once',
    'reader           3.21             150             5',
    'postgres           11',
    '',
    '                            hot_trigger',
    'commit_p50_ms                      0.25',
    'commit_p99_ms',
    'commit_to_written_p50_ms',
    'commit_to_written_p99_ms',
    'database_cpu_per_commit_us',
    'whole_cpu_per_commit_us',
    '',
  ]);
  expect(tables({ drain: { rows_per_second: 1 } })).toEqual([]);
});
