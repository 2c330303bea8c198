import { type RedoJob, secondsLeft } from '../../../shared/side-tables/redo-jobs.ts';
import { formatDuration } from '../duration.ts';
import { formatCount, formatRate } from '../view/numbers.ts';

export function leftMs(job: RedoJob): number | undefined {
  const seconds = secondsLeft(job);
  return seconds === undefined ? undefined : seconds * 1_000;
}

export function jobJson(job: RedoJob): Readonly<Record<string, unknown>> {
  const left = leftMs(job);
  return {
    job: job.job,
    table: tableOf(job),
    reason: job.reason,
    enrichments: job.enrichments,
    condition: job.condition,
    by_keys: job.byKeys,
    sweep: job.sweep,
    state: job.state,
    failure: job.failure,
    waits_for: job.waitsFor,
    estimated_rows: job.estimatedRows,
    rows_done: job.rowsDone,
    rows_gone: job.rowsGone,
    rows_superseded: job.rowsSuperseded,
    rows_per_second: job.rowsPerSecond,
    left_ms: left === undefined ? null : Math.round(left),
    created_at: job.createdAt,
    finished_at: job.finishedAt,
  };
}

/** "job 3 running: 12,000 of about 50,000 rows (24 %), 1,200/s, 31 s left". */
export function progressLine(job: RedoJob): string {
  const waits = job.waitsFor === null ? [] : [`waits for ${job.waitsFor}`];
  return `job ${job.job} ${job.state}: ${[rowsText(job), ...speedTexts(job), ...waits].join(', ')}`;
}

export const JOB_COLUMNS = ['job', 'table', 'reason', 'for', 'state', 'rows', 'speed'];

/** One job as a row of the list. */
export function jobCells(job: RedoJob): Readonly<Record<string, string>> {
  return {
    job: job.job,
    table: tableOf(job),
    reason: job.reason,
    for: job.enrichments.join(', '),
    state: job.failure === null ? job.state : `${job.state} (${job.failure})`,
    rows: rowsText(job),
    speed: speedTexts(job).join(', '),
  };
}

/** Under the list: a reason is longer than a cell. */
export const waitLines = (jobs: readonly RedoJob[]): readonly string[] =>
  jobs.flatMap(({ job, waitsFor }) => (waitsFor === null ? [] : [`Job ${job} waits for ${waitsFor}`]));

const tableOf = ({ schema, table }: RedoJob): string => `${schema}.${table}`;

function rowsText({ rowsDone, estimatedRows, state }: RedoJob): string {
  const done = formatCount(rowsDone);
  if (state === 'done' || estimatedRows === null || estimatedRows === 0) return `${done} rows`;
  const share = Math.min(99, Math.floor((100 * rowsDone) / estimatedRows));
  return `${done} of about ${formatCount(Math.round(estimatedRows))} rows (${share} %)`;
}

function speedTexts(job: RedoJob): readonly string[] {
  if (job.state !== 'running' || job.rowsPerSecond === null) return [];
  const left = leftMs(job);
  const speed = `${formatRate(job.rowsPerSecond)}/s`;
  return left === undefined ? [speed] : [speed, `${formatDuration(left)} left`];
}
