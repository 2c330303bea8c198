import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { redoMetrics, secondsLeftByReason } from './metrics.ts';

const JOB: RedoJob = {
  job: '1',
  schema: 'public',
  table: 'notes',
  reason: 'backfill',
  enrichments: ['fraud'],
  condition: null,
  byKeys: false,
  sweep: false,
  ofPartitions: false,
  state: 'running',
  failure: null,
  waitsFor: null,
  estimatedRows: 1_000,
  lastKey: ['1'],
  chunks: 1,
  rowsDone: 400,
  rowsGone: 0,
  rowsSuperseded: 0,
  rowsPerSecond: 200,
  createdAt: '2026-11-20T09:15:02Z',
  finishedAt: null,
};

test('what jobs of one reason have left adds up, and one that cannot tell makes it unknown', () => {
  const slow: RedoJob = { ...JOB, rowsPerSecond: 20 };
  const untold: RedoJob = { ...JOB, reason: 'gap', state: 'waiting', rowsPerSecond: null };
  expect([...secondsLeftByReason([JOB, slow, { ...JOB, reason: 'gap' }, untold])]).toEqual([
    ['backfill', 3 + 30],
    ['gap', Number.NaN],
  ]);
});

test('a state that no job is in any more falls to zero, and each row of a chunk is counted once', async () => {
  const registry = new Registry();
  const metrics = redoMetrics(registry);
  metrics.jobs([{ reason: 'backfill', state: 'running', jobs: 2 }], [JOB]);
  metrics.jobs([{ reason: 'backfill', state: 'done', jobs: 2 }], []);
  metrics.confirmed('backfill', { rows: 10, superseded: 3, gone: 2 });
  metrics.again('backfill');
  metrics.held(true);
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines).toEqual([
    'afterglow_reader_redo_rows_total{reason="backfill",outcome="published"} 5',
    'afterglow_reader_redo_rows_total{reason="backfill",outcome="superseded"} 3',
    'afterglow_reader_redo_rows_total{reason="backfill",outcome="gone"} 2',
    'afterglow_reader_redo_chunks_total{reason="backfill",outcome="confirmed"} 1',
    'afterglow_reader_redo_chunks_total{reason="backfill",outcome="again"} 1',
    'afterglow_reader_redo_jobs{reason="backfill",state="waiting"} 0',
    'afterglow_reader_redo_jobs{reason="backfill",state="running"} 0',
    'afterglow_reader_redo_jobs{reason="backfill",state="paused"} 0',
    'afterglow_reader_redo_jobs{reason="backfill",state="done"} 2',
    'afterglow_reader_redo_jobs{reason="backfill",state="cancelled"} 0',
    'afterglow_reader_redo_jobs{reason="backfill",state="failed"} 0',
    'afterglow_reader_redo_held 1',
  ]);
});
