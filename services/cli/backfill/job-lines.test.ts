import { expect, test } from 'vitest';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { jobCells, jobJson, leftMs, progressLine, waitLines } from './job-lines.ts';

const JOB: RedoJob = {
  job: '3',
  schema: 'public',
  table: 'reviews',
  reason: 'backfill',
  enrichments: ['sentiment', 'embedding'],
  condition: null,
  byKeys: false,
  sweep: false,
  ofPartitions: false,
  state: 'running',
  failure: null,
  waitsFor: null,
  estimatedRows: 50_000,
  lastKey: ['7'],
  chunks: 5,
  rowsDone: 12_000,
  rowsGone: 0,
  rowsSuperseded: 2,
  rowsPerSecond: 1_200,
  createdAt: '2026-11-20T09:15:02Z',
  finishedAt: null,
};

test.each<[Partial<RedoJob>, string]>([
  [{}, 'job 3 running: 12,000 of about 50,000 rows (24 %), 1,200/s, 31 s left'],
  [{ state: 'waiting', rowsDone: 0, rowsPerSecond: null }, 'job 3 waiting: 0 of about 50,000 rows (0 %)'],
  // An estimate may be too low; it never says that all is done.
  [{ rowsDone: 60_000 }, 'job 3 running: 60,000 of about 50,000 rows (99 %), 1,200/s, 0.0 s left'],
  [{ estimatedRows: null }, 'job 3 running: 12,000 rows, 1,200/s'],
  [{ state: 'paused' }, 'job 3 paused: 12,000 of about 50,000 rows (24 %)'],
  [{ state: 'done' }, 'job 3 done: 12,000 rows'],
  [
    { waitsFor: 'enrichment sentiment, which takes nothing' },
    'job 3 running: 12,000 of about 50,000 rows (24 %), 1,200/s, 31 s left, waits for enrichment sentiment, which takes nothing',
  ],
])('the line of a job %o', (changes, line) => {
  expect(progressLine({ ...JOB, ...changes })).toBe(line);
});

test('a job in the list, and as JSON', () => {
  expect(jobCells({ ...JOB, state: 'failed', failure: '22P02' })).toEqual({
    job: '3',
    table: 'public.reviews',
    reason: 'backfill',
    for: 'sentiment, embedding',
    state: 'failed (22P02)',
    rows: '12,000 of about 50,000 rows (24 %)',
    speed: '',
  });
  expect(jobJson(JOB)).toMatchObject({
    job: '3',
    table: 'public.reviews',
    rows_done: 12_000,
    left_ms: 31_667,
  });
  expect(waitLines([JOB, { ...JOB, job: '4', waitsFor: 'enrichment sentiment' }])).toEqual([
    'Job 4 waits for enrichment sentiment',
  ]);
  expect(leftMs({ ...JOB, rowsPerSecond: 0 })).toBeUndefined();
});
