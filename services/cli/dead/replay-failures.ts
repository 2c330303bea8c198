import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { countFailures, failedKeys, replayFailures } from '../../../shared/side-tables/failures.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import { readRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { harmless } from '../../../shared/terminal/harmless.ts';
import { requireConsent } from '../backfill/consent.ts';
import { followJob } from '../backfill/follow-job.ts';
import { jobJson } from '../backfill/job-lines.ts';
import { priceOfKeys } from '../cost/estimate-cost.ts';
import type { Invocation } from '../invocation.ts';
import { awsModeOf } from '../settings.ts';
import { formatCount } from '../view/numbers.ts';
import { changeText, failureJson } from './failure-lines.ts';
import {
  countAll,
  type Failures,
  requireSelection,
  type SelectionOptions,
  withFailures,
} from './failures-database.ts';
import { redoOf, replayChanges } from './redo-of-changes.ts';

export interface ReplayOptions extends SelectionOptions {
  readonly all?: boolean;
  readonly detach?: boolean;
}

const NOT_ALL = 1;

export async function runReplay(
  invocation: Invocation,
  options: ReplayOptions,
  ids: readonly string[],
): Promise<number> {
  requireSelection(options, ids);
  const { output } = invocation;
  return await withFailures(invocation, options, ids, async (failures) => {
    const all = await countAll(failures);
    if (all === 0 && ids.length > 0) {
      throw new AfterglowError('usage', 'No failure has such an id.', {
        remedy: 'See `afterglow dead list`.',
      });
    }
    const nanoUsd = await replayNanoUsd(invocation, failures);
    const consequence = 'will be read again, and calls may be paid';
    await requireConsent(invocation, { rows: all, nanoUsd, what: rowsText(all), consequence });
    const { client, definition, letters } = failures;
    const jobs = [...(await makeJobs(failures)), ...(await replayChanges(client, definition, letters))];
    for (const job of jobs) {
      const made = await readRedoJob(client, job);
      if (made === undefined) continue;
      if (output.isJson) output.json({ event: 'made', ...jobJson(made) });
      else
        output.line(`Job ${job}: ${rowsText(made.estimatedRows ?? 0)} for ${made.enrichments.join(', ')}.`);
    }
    const left = tellUnnamed(invocation, failures);
    if (all === 0 && !output.isJson) output.line(output.paint.good('No such row has failed.'));
    if (options.detach === true) return left;
    const statuses = [left];
    for (const job of jobs) statuses.push(await followJob(invocation, client, job));
    return Math.max(...statuses);
  });
}

const rowsText = (count: number): string => `${formatCount(count)} failed ${count === 1 ? 'row' : 'rows'}`;

async function makeJobs({ client, definition, tables, filter }: Failures): Promise<readonly string[]> {
  const counts = await countFailures(client, tables, filter);
  const jobs: string[] = [];
  for (const each of tables) {
    const source = definition.sources[definition.enrichments[each.enrichment]?.from ?? '']?.table;
    if (source === undefined || (counts.get(each.enrichment) ?? 0) === 0) continue;
    const job = await replayFailures(client, { tables: each, source }, filter);
    if (job !== undefined) jobs.push(job);
  }
  return jobs;
}

/** Changes that no redo by key can mend, each with what can. */
function tellUnnamed({ output }: Invocation, { definition, letters }: Failures): number {
  const unnamed = letters.filter((letter) => redoOf(definition, letter).redo === undefined);
  for (const letter of unnamed) {
    const { remedy } = redoOf(definition, letter);
    if (output.isJson) output.json({ event: 'not_replayed', ...failureJson(letter), to_do: remedy });
    else
      output.line(
        harmless(`${letter.id.slice(0, 12)}, a change of ${changeText(letter)}: not replayed. ${remedy}`),
      );
  }
  return unnamed.length === 0 ? 0 : NOT_ALL;
}

/** What calls for the failed rows will cost; a change that could not be decoded tells nothing of its row. */
async function replayNanoUsd(
  invocation: Invocation,
  { client, definition: written, tables, filter }: Failures,
): Promise<number> {
  const definition = await readDefinitionInForce(client, written);
  const aws = awsModeOf(invocation.environment);
  const counts = await countFailures(client, tables, filter);
  let nanoUsd = 0;
  for (const each of tables) {
    const { enrichment, keyColumns } = each;
    const count = counts.get(enrichment) ?? 0;
    if (definition.enrichments[enrichment] === undefined || count === 0) continue;
    const keys = { keyColumns, ...failedKeys(each, filter), count };
    nanoUsd += await priceOfKeys(client, definition, { enrichment, aws }, keys);
  }
  return nanoUsd;
}
