import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import {
  controlRedoJob,
  listRedoJobs,
  type RedoControl,
  readRedoJob,
} from '../../../shared/side-tables/redo-jobs.ts';
import type { Invocation } from '../invocation.ts';
import { plainTable } from '../sql.ts';
import { withJobs } from './job-database.ts';
import { JOB_COLUMNS, jobCells, jobJson, waitLines } from './job-lines.ts';

const LISTED_MAX = 50;

/** Those that are not finished first, then the newest. */
export async function listJobs(invocation: Invocation): Promise<number> {
  const { output } = invocation;
  const jobs = await withJobs(invocation, (client) => listRedoJobs(client, LISTED_MAX));
  if (output.isJson) for (const job of jobs) output.json(jobJson(job));
  else if (jobs.length === 0) output.line('There are no jobs.');
  else {
    for (const line of plainTable(JOB_COLUMNS, jobs.map(jobCells))) output.line(line);
    for (const line of waitLines(jobs)) output.line(line);
  }
  return 0;
}

const DONE: Readonly<Record<RedoControl, string>> = {
  pause: 'is paused',
  resume: 'goes on',
  cancel: 'is cancelled',
};

export async function controlJob(invocation: Invocation, job: string, control: RedoControl): Promise<number> {
  const { output } = invocation;
  if (!/^[1-9]\d{0,17}$/.test(job)) throw new AfterglowError('usage', `"${job}" is not the number of a job.`);
  const found = await withJobs(invocation, async (client) => {
    const isDone = await controlRedoJob(client, job, control);
    return { isDone, job: await readRedoJob(client, job) };
  });
  if (found.job === undefined) {
    throw new AfterglowError('usage', `There is no job ${job}.`, {
      remedy: 'See `afterglow backfill list`.',
    });
  }
  if (!found.isDone) {
    throw new AfterglowError('usage', `Job ${job} is ${found.job.state}: it cannot ${control}.`, {
      remedy: 'See `afterglow backfill list`.',
    });
  }
  if (output.isJson) output.json(jobJson(found.job));
  else output.line(`Job ${job} ${DONE[control]}.`);
  return 0;
}
