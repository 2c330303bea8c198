import type { Definition } from '../../../shared/config/definition.ts';
import { nearest } from '../../../shared/config/nearest.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type DatabaseClient, sqlState } from '../../../shared/postgres/connect.ts';
import { estimateRows } from '../../../shared/postgres/estimate.ts';
import { createRedoJob, readRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { registeredRevision } from '../../../shared/side-tables/revisions.ts';
import { requireDefinition, requireEnrichment } from '../definition.ts';
import { type Invocation, onlyOperand } from '../invocation.ts';
import { isConfirmed } from '../question.ts';
import { formatCount } from '../view/numbers.ts';
import { followJob } from './follow-job.ts';
import { withJobs } from './job-database.ts';
import { jobJson } from './job-lines.ts';

export interface BackfillOptions {
  readonly where?: string;
  readonly enrichment?: readonly string[];
  readonly detach?: boolean;
}

/** More rows than this cost time and perhaps money: somebody has to agree. */
export const ASKS_ABOVE_ROWS = 100_000;

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
  const enrichment = definition.enrichments[name];
  if (enrichment === undefined || (enrichment.flag === undefined && enrichment.decide === undefined)) {
    throw new AfterglowError('usage', `Enrichment ${name} has neither \`flag\` nor \`decide\`.`, {
      remedy: 'Add one to the definition file, then run `afterglow init`.',
    });
  }
  return await startJob(invocation, options, {
    source: enrichment.from,
    table: requireSource(definition, enrichment.from),
    reason: 'redecide',
    enrichments: [name],
    consequence: 'will be judged again; only those whose input has changed meanwhile call the model',
    check: async (client) => {
      await registeredRevision(client, definition, name);
    },
  });
}

/** What every job takes. */
export type JobOptions = Pick<BackfillOptions, 'where' | 'detach'>;

interface WantedJob {
  readonly source: string;
  readonly table: Definition['sources'][string]['table'];
  readonly reason: 'backfill' | 'redecide';
  readonly enrichments: readonly string[];
  /** Of that many rows, when somebody has to agree. */
  readonly consequence: string;
  readonly check?: (client: DatabaseClient) => Promise<void>;
}

async function startJob(invocation: Invocation, options: JobOptions, wanted: WantedJob): Promise<number> {
  const { source, table, reason, enrichments } = wanted;
  return await withJobs(invocation, async (client) => {
    await wanted.check?.(client);
    const estimated = await estimate(client, table, options.where);
    await requireConsent(invocation, wanted, estimated);
    const job = await createRedoJob(client, {
      schema: table.schema,
      table: table.name,
      reason,
      enrichments,
      estimatedRows: estimated,
      ...(options.where === undefined ? {} : { condition: options.where }),
    });
    await tell(invocation, client, job, `${formatCount(estimated)} rows of ${source}`);
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

async function estimate(
  client: DatabaseClient,
  table: { readonly schema: string; readonly name: string },
  condition: string | undefined,
): Promise<number> {
  try {
    return await estimateRows(client, table, condition);
  } catch (error) {
    if (condition === undefined || sqlState(error) === undefined) throw error;
    const said = error instanceof Error ? error.message : '';
    throw new AfterglowError('usage', `PostgreSQL refuses the condition of --where: ${said}.`, {
      remedy: 'Write it as it would stand behind WHERE in a query on this table alone.',
      cause: error,
    });
  }
}

async function requireConsent(
  invocation: Invocation,
  { source, consequence }: WantedJob,
  rows: number,
): Promise<void> {
  if (rows <= ASKS_ABOVE_ROWS) return;
  const what = `About ${formatCount(rows)} rows of ${source}`;
  if (await isConfirmed(invocation, `${what} ${consequence}. Go on?`)) return;
  throw new AfterglowError('consent_missing', `${what} would be read again; nobody agreed to that many.`);
}

async function tell(
  invocation: Invocation,
  client: DatabaseClient,
  job: string,
  what: string,
): Promise<void> {
  const { output } = invocation;
  const made = await readRedoJob(client, job);
  if (!output.isJson) output.line(`Job ${job}: about ${what} for ${made?.enrichments.join(', ')}.`);
  else if (made !== undefined) output.json({ event: 'made', ...jobJson(made) });
}
