import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { countFailures, replayFailures } from '../../../shared/side-tables/failures.ts';
import { readRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { followJob } from '../backfill/follow-job.ts';
import { jobJson } from '../backfill/job-lines.ts';
import { ASKS_ABOVE_ROWS } from '../backfill/start-backfill.ts';
import type { ReplayOptions } from '../commands/dead.ts';
import type { Invocation } from '../invocation.ts';
import { isConfirmed } from '../question.ts';
import { formatCount } from '../view/numbers.ts';
import { type Failures, requireSelection, withFailures } from './failures-database.ts';

export async function runReplay(
  invocation: Invocation,
  options: ReplayOptions,
  ids: readonly string[],
): Promise<number> {
  requireSelection(options, ids);
  const { output } = invocation;
  return await withFailures(invocation, options, ids, async (failures) => {
    const { client, tables, filter } = failures;
    const counts = await countFailures(client, tables, filter);
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (all === 0 && ids.length > 0) {
      throw new AfterglowError('usage', 'No failed row has such an id.', {
        remedy: 'See `afterglow dead list`.',
      });
    }
    await requireConsent(invocation, all);
    const jobs = await makeJobs(failures, counts);
    for (const job of jobs) {
      const made = await readRedoJob(client, job);
      if (made === undefined) continue;
      if (output.isJson) output.json({ event: 'made', ...jobJson(made) });
      else
        output.line(`Job ${job}: ${rowsText(made.estimatedRows ?? 0)} for ${made.enrichments.join(', ')}.`);
    }
    if (jobs.length === 0 && !output.isJson) output.line(output.paint.good('No such row has failed.'));
    if (options.detach === true) return 0;
    const statuses: number[] = [];
    for (const job of jobs) statuses.push(await followJob(invocation, client, job));
    return Math.max(0, ...statuses);
  });
}

const rowsText = (count: number): string => `${formatCount(count)} failed ${count === 1 ? 'row' : 'rows'}`;

async function makeJobs(
  { client, definition, tables, filter }: Failures,
  counts: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const jobs: string[] = [];
  for (const each of tables) {
    const source = definition.sources[definition.enrichments[each.enrichment]?.from ?? '']?.table;
    if (source === undefined || (counts.get(each.enrichment) ?? 0) === 0) continue;
    const job = await replayFailures(client, { tables: each, source }, filter);
    if (job !== undefined) jobs.push(job);
  }
  return jobs;
}

async function requireConsent(invocation: Invocation, rows: number): Promise<void> {
  if (rows <= ASKS_ABOVE_ROWS) return;
  const what = rowsText(rows);
  if (await isConfirmed(invocation, `${what} will be read again, and calls may be paid. Go on?`)) return;
  throw new AfterglowError('consent_missing', `${what} would be read again; nobody agreed to that many.`);
}
