import type { Definition } from '../../../shared/config/definition.ts';
import { nearest } from '../../../shared/config/nearest.ts';
import { equallyAskingRevisions } from '../../../shared/config/revision.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import { countRows, estimateRows } from '../../../shared/postgres/estimate.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import {
  judgeableCondition,
  missingCondition,
  otherwiseAskedCondition,
  outdatedCondition,
} from '../../../shared/side-tables/outcome-conditions.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { createRedoJob, readRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { readRevisionContents, registeredRevision } from '../../../shared/side-tables/revisions.ts';
import { priceOfRows } from '../cost/estimate-cost.ts';
import { requireDefinition, requireEnrichment } from '../definition.ts';
import { type Invocation, onlyOperand } from '../invocation.ts';
import { type AwsMode, awsModeOf } from '../settings.ts';
import { formatCount } from '../view/numbers.ts';
import { requireConsent } from './consent.ts';
import { followJob } from './follow-job.ts';
import { withJobs } from './job-database.ts';
import { jobJson } from './job-lines.ts';

export interface BackfillOptions {
  readonly where?: string;
  readonly enrichment?: readonly string[];
  readonly detach?: boolean;
}

export async function startBackfill(
  invocation: Invocation,
  options: BackfillOptions,
  operands: readonly string[],
): Promise<number> {
  const [source = '', surplus] = operands;
  if (surplus !== undefined) throw new AfterglowError('usage', `One source at a time: what is "${surplus}"?`);
  const definition = await requireDefinition(invocation);
  const table = requireSource(definition, source);
  const enrichments = addressed(definition, source, options.enrichment);
  return await startJob(invocation, options, {
    definition,
    source,
    table,
    reason: 'backfill',
    enrichments,
    consequence: 'will be read again, and calls may be paid',
  });
}

/** Stored results judged by the flag and the decisions of now. */
export async function startRedecide(
  invocation: Invocation,
  options: JobOptions,
  operands: readonly string[],
): Promise<number> {
  const name = onlyOperand(operands, 'The enrichment');
  const definition = await requireDefinition(invocation);
  requireEnrichment(definition, name);
  const from = definition.enrichments[name]?.from ?? '';
  const table = requireSource(definition, from);
  return await startJob(invocation, options, {
    definition,
    source: from,
    table,
    reason: 'redecide',
    enrichments: [name],
    consequence: 'will be judged again; only those without a result for their input call the model',
    only: async (client, inForce) => {
      const contents = await readRevisionContents(client, name);
      const revisions = equallyAskingRevisions(contents, await registeredRevision(client, inForce, name));
      const enrichment = inForce.enrichments[name];
      const judges = enrichment?.flag !== undefined || enrichment?.decide !== undefined;
      // Another one that asks the same had a flag or decisions, which are to be taken away.
      if (!judges && revisions.length === 1) {
        throw new AfterglowError('usage', `Enrichment ${name} has neither \`flag\` nor \`decide\`.`, {
          remedy: 'Add one to the definition file, then run `afterglow init`.',
        });
      }
      const tables = await readEnrichmentTables(client, name);
      if (contents.size > revisions.length) {
        const others = bothOf(otherwiseAskedCondition(table, tables, revisions), options.where);
        const leftOut = await refusing(options.where, () => countRows(client, table, others));
        if (leftOut > 0) invocation.output.note(leftOutText(leftOut, name));
      }
      return judgeableCondition(table, tables, revisions);
    },
    priced: async (client) => missingCondition(table, await readEnrichmentTables(client, name)),
  });
}

const leftOutText = (rows: number, name: string): string =>
  `Rows left out: ${formatCount(rows)}. Their outcomes are of another model, input or filter, so they would be asked anew: \`afterglow reenrich ${name}\` has them, priced first.`;

/** Rows whose outcome was given by an earlier definition, once more by the one of now. */
export async function startReenrich(
  invocation: Invocation,
  options: JobOptions,
  operands: readonly string[],
): Promise<number> {
  const name = onlyOperand(operands, 'The enrichment');
  const definition = await requireDefinition(invocation);
  requireEnrichment(definition, name);
  const from = definition.enrichments[name]?.from ?? '';
  const table = requireSource(definition, from);
  return await startJob(invocation, options, {
    definition,
    source: from,
    table,
    reason: 'reenrich',
    enrichments: [name],
    consequence: `have results of an earlier definition of ${name}; calls are paid for those whose answer is not known`,
    only: async (client, inForce) => {
      const revision = await registeredRevision(client, inForce, name);
      return outdatedCondition(table, await readEnrichmentTables(client, name), revision);
    },
    nothingToDo: `Every result of ${name} is of its definition of now.`,
  });
}

/** What every job takes. */
export type JobOptions = Pick<BackfillOptions, 'where' | 'detach'>;

interface WantedJob {
  readonly definition: Definition;
  readonly source: string;
  readonly table: Definition['sources'][string]['table'];
  readonly reason: 'backfill' | 'redecide' | 'reenrich';
  readonly enrichments: readonly string[];
  /** Of that many rows, when somebody has to agree. */
  readonly consequence: string;
  /** SQL for the rows that it is about, whatever --where says. */
  readonly only?: (client: DatabaseClient, inForce: Definition) => Promise<string>;
  /** SQL for those among them that the model is called for, where it is not for all. */
  readonly priced?: (client: DatabaseClient) => Promise<string>;
  /** Said when there are none of them, which are counted instead of estimated then. */
  readonly nothingToDo?: string;
}

async function startJob(invocation: Invocation, options: JobOptions, wanted: WantedJob): Promise<number> {
  const { source, table, reason, enrichments } = wanted;
  return await withJobs(invocation, async (client) => {
    const definition = await readDefinitionInForce(client, wanted.definition);
    const only = await wanted.only?.(client, definition);
    const condition = bothOf(only, options.where);
    const isCounted = wanted.nothingToDo !== undefined;
    const estimated = await refusing(options.where, () =>
      isCounted ? countRows(client, table, condition) : estimateRows(client, table, condition),
    );
    if (estimated === 0 && wanted.nothingToDo !== undefined) {
      invocation.output.note(wanted.nothingToDo);
      return 0;
    }
    const aws = awsModeOf(invocation.environment);
    const priced = bothOf(await wanted.priced?.(client), condition);
    const nanoUsd = await priceOf(client, { ...wanted, definition }, priced, aws);
    const what = `About ${formatCount(estimated)} rows of ${source}`;
    await requireConsent(invocation, { rows: estimated, nanoUsd, what, consequence: wanted.consequence });
    const job = await createRedoJob(client, {
      schema: table.schema,
      table: table.name,
      reason,
      enrichments,
      estimatedRows: estimated,
      ...(condition === undefined ? {} : { condition }),
    });
    const about = isCounted ? '' : 'about ';
    await tell(invocation, client, job, `${about}${formatCount(estimated)} rows of ${source}`);
    return options.detach === true ? 0 : await followJob(invocation, client, job);
  });
}

function requireSource(definition: Definition, name: string): Definition['sources'][string]['table'] {
  const names = Object.keys(definition.sources);
  const source = definition.sources[name];
  if (source !== undefined) return source.table;
  const meant = nearest(name, [...names, 'list', 'pause', 'resume', 'cancel']);
  const hint = meant === undefined ? `There are: ${names.join(', ') || 'none'}.` : `Did you mean ${meant}?`;
  throw new AfterglowError('usage', `There is no source "${name}". ${hint}`, {
    remedy: 'The names stand under `sources` in the definition file.',
  });
}

function addressed(
  definition: Definition,
  source: string,
  wanted: readonly string[] | undefined,
): readonly string[] {
  const all = Object.keys(definition.enrichments).filter(
    (name) => definition.enrichments[name]?.from === source,
  );
  for (const name of wanted ?? []) {
    requireEnrichment(definition, name);
    if (all.includes(name)) continue;
    throw new AfterglowError('usage', `Enrichment ${name} does not take its rows from ${source}.`, {
      remedy: `Those of ${source}: ${all.join(', ') || 'none'}.`,
    });
  }
  if (all.length > 0) return wanted === undefined ? all : all.filter((name) => wanted.includes(name));
  throw new AfterglowError('usage', `No enrichment takes its rows from ${source}.`, {
    remedy: 'Add one to the definition file, then run `afterglow init`.',
  });
}

/** Each on lines of its own, because a condition may end in a comment. */
const bothOf = (only: string | undefined, where: string | undefined): string | undefined =>
  only === undefined || where === undefined ? (only ?? where) : `${only} and (${where}\n)`;

/** A condition of --where that PostgreSQL refuses is told as one. */
async function refusing(condition: string | undefined, ask: () => Promise<number>): Promise<number> {
  try {
    return await ask();
  } catch (error) {
    if (condition === undefined || sqlState(error) === undefined) throw error;
    const said = error instanceof Error ? error.message : '';
    throw new AfterglowError('usage', `PostgreSQL refuses the condition of --where: ${said}.`, {
      remedy: 'Write it as it would stand behind WHERE in a query on this table alone.',
      cause: error,
    });
  }
}

/** Of all enrichments together. */
async function priceOf(
  client: DatabaseClient,
  { definition, enrichments }: WantedJob,
  condition: string | undefined,
  aws: AwsMode,
): Promise<number> {
  let nanoUsd = 0;
  for (const enrichment of enrichments)
    nanoUsd += await priceOfRows(client, definition, { enrichment, condition, aws });
  return nanoUsd;
}

async function tell(
  invocation: Invocation,
  client: DatabaseClient,
  job: string,
  what: string,
): Promise<void> {
  const { output } = invocation;
  const made = await readRedoJob(client, job);
  if (!output.isJson) output.line(`Job ${job}: ${what} for ${made?.enrichments.join(', ')}.`);
  else if (made !== undefined) output.json({ event: 'made', ...jobJson(made) });
}
