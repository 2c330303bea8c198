import { LOCAL_REGION } from '../../../shared/aws/settings.ts';
import type { Definition, Enrichment } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { compileEnrichment, type EnrichmentProgram } from '../../../shared/expressions/enrichment-program.ts';
import { openModel } from '../../../shared/models/index.ts';
import type { Model } from '../../../shared/models/model.ts';
import { findTable, readCatalog, type Table } from '../../../shared/postgres/catalog.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { readTypeCatalog } from '../../../shared/postgres/type-catalog.ts';
import { type LedgerEntry, readLedger } from '../../../shared/side-tables/ledger-entries.ts';
import { modelSince } from '../../../shared/side-tables/model-since.ts';
import type { AwsMode } from '../settings.ts';
import { KnownAnswers } from './known-answers.ts';
import { priceRows } from './price-rows.ts';
import { DAYS_READ } from './report.ts';
import { type ListedKeys, type Sample, type Sampling, sampleKeys, sampleRows } from './sample-rows.ts';

/** What giving rows a new outcome would cost now. */
export interface CostEstimate {
  readonly enrichment: string;
  readonly rows: number;
  readonly sampled: number;
  /** Of the rows: those that a call would be paid for. */
  readonly paidRows: number;
  readonly nanoUsd: number;
}

/** Nothing is called: models only say what they would ask, and what it would cost. */
const NOWHERE = {
  local: { mode: 'local', endpoint: 'http://127.0.0.1:9' },
  real: { mode: 'real', region: LOCAL_REGION },
} as const;

export interface EstimateRequest {
  readonly enrichment: string;
  readonly condition: string | undefined;
  /** Whose answers count as paid for. */
  readonly aws: AwsMode;
}

/** By a sample of the rows, with what is paid for already left out. */
export async function estimateCost(
  client: DatabaseClient,
  definition: Definition,
  { enrichment: name, condition, aws }: EstimateRequest,
): Promise<CostEstimate> {
  const enrichment = enrichmentOf(definition, name);
  using opened = await openModel(enrichment, NOWHERE[aws], 1, definition.prices);
  const { model } = opened;
  const { program, sampling } = await readingOf(client, definition, enrichment);
  const sample = await sampleRows(client, sampling, condition);
  const cost = model.isPaidPerCall
    ? await costOf(client, definition, { name, model, program, sample })
    : NOTHING;
  return { enrichment: name, rows: sample.rows, sampled: sample.sampled.length, ...cost };
}

/** What `estimateCost` comes to; where calls are not paid one by one, nothing is read for it. */
export async function priceOfRows(
  client: DatabaseClient,
  definition: Definition,
  request: EstimateRequest,
): Promise<number> {
  using opened = await openModel(
    enrichmentOf(definition, request.enrichment),
    NOWHERE[request.aws],
    1,
    definition.prices,
  );
  if (!opened.model.isPaidPerCall) return 0;
  return (await estimateCost(client, definition, request)).nanoUsd;
}

/** Of just these rows; where calls are not paid one by one, nothing is read for it. */
export async function priceOfKeys(
  client: DatabaseClient,
  definition: Definition,
  { enrichment: name, aws }: Pick<EstimateRequest, 'enrichment' | 'aws'>,
  keys: ListedKeys,
): Promise<number> {
  const enrichment = enrichmentOf(definition, name);
  using opened = await openModel(enrichment, NOWHERE[aws], 1, definition.prices);
  const { model } = opened;
  if (!model.isPaidPerCall) return 0;
  const { program, sampling } = await readingOf(client, definition, enrichment);
  const sample = await sampleKeys(client, sampling, keys);
  return (await costOf(client, definition, { name, model, program, sample })).nanoUsd;
}

function enrichmentOf({ enrichments }: Definition, name: string): Enrichment {
  const enrichment = enrichments[name];
  if (enrichment === undefined) throw new RangeError(`no enrichment ${name}`);
  return enrichment;
}

async function readingOf(
  client: DatabaseClient,
  { sources }: Definition,
  enrichment: Enrichment,
): Promise<{ readonly program: EnrichmentProgram; readonly sampling: Sampling }> {
  const source = sources[enrichment.from];
  if (source === undefined) throw new RangeError(`no source ${enrichment.from}`);
  const table = await tableOf(client, source.table);
  const program = compileEnrichment(enrichment, table.columns);
  const types = await readTypeCatalog(client);
  return { program, sampling: { table, types, columns: program.columns } };
}

const NOTHING = { paidRows: 0, nanoUsd: 0 };

interface Asked {
  readonly name: string;
  readonly model: Model;
  readonly program: EnrichmentProgram;
  readonly sample: Sample;
}

async function costOf(
  client: DatabaseClient,
  definition: Definition,
  { name, model, program, sample: { rows, sampled } }: Asked,
): Promise<Pick<CostEstimate, 'paidRows' | 'nanoUsd'>> {
  if (sampled.length === 0) return NOTHING;
  const known = await KnownAnswers.read(client, definition, name);
  const priced = await priceRows(sampled, program, model, known, await nowOf(client));
  const share = await spentShare(client, name);
  const nanoUsd = share === undefined ? priced.likelyNanoUsd : priced.boundNanoUsd * share;
  const scale = rows / sampled.length;
  return { paidRows: Math.round(priced.paidRows * scale), nanoUsd: Math.round(nanoUsd * scale) };
}

async function tableOf(client: DatabaseClient, name: { schema: string; name: string }): Promise<Table> {
  const table = findTable(await readCatalog(client), name);
  if (table !== undefined) return table;
  throw new AfterglowError('definition_invalid', `Table ${name.schema}.${name.name} does not exist.`);
}

async function nowOf(client: DatabaseClient): Promise<number> {
  const { rows } = await client.query<{ now: string }>(
    'select (extract(epoch from now()) * 1000)::int8::text as now',
  );
  return Number(rows[0]?.now);
}

/** Fewer requests say little of the others. */
const REQUESTS_MIN = 100;

/** Of what was reserved for calls of this model, how much they cost; undefined: there were too few to tell. */
async function spentShare(client: DatabaseClient, name: string): Promise<number | undefined> {
  const { entries } = await readLedger(client, DAYS_READ);
  const since = await modelSince(client, name);
  // The day of the change holds calls of both.
  const own = entries.filter(
    ({ enrichment, day }) => enrichment === name && (since === undefined || day > since),
  );
  const sum = (of: (entry: LedgerEntry) => number): number => own.reduce((all, each) => all + of(each), 0);
  const reserved = sum(({ reservedNanoUsd }) => reservedNanoUsd);
  if (reserved === 0 || sum(({ requests }) => requests) < REQUESTS_MIN) return undefined;
  return sum(({ spentNanoUsd }) => spentNanoUsd) / reserved;
}
