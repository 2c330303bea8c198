import { LOCAL_REGION } from '../../../shared/aws/settings.ts';
import type { Definition } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { compileEnrichment } from '../../../shared/expressions/enrichment-program.ts';
import { openModel } from '../../../shared/models/index.ts';
import { findTable, readCatalog, type Table } from '../../../shared/postgres/catalog.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { readTypeCatalog } from '../../../shared/postgres/type-catalog.ts';
import { type LedgerEntry, readLedger } from '../../../shared/side-tables/ledger-entries.ts';
import { modelSince } from '../../../shared/side-tables/model-since.ts';
import type { AwsMode } from '../settings.ts';
import { KnownAnswers } from './known-answers.ts';
import { priceRows } from './price-rows.ts';
import { DAYS_READ } from './report.ts';
import { sampleRows } from './sample-rows.ts';

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
  const enrichment = definition.enrichments[name];
  const source = definition.sources[enrichment?.from ?? ''];
  if (enrichment === undefined || source === undefined) throw new RangeError(`no enrichment ${name}`);
  const table = await tableOf(client, source.table);
  const program = compileEnrichment(enrichment, table.columns);
  using opened = await openModel(enrichment, NOWHERE[aws], 1, definition.prices);
  const { model } = opened;
  const types = await readTypeCatalog(client);
  const sample = await sampleRows(client, { table, types, columns: program.columns }, condition);
  const nothing = {
    enrichment: name,
    rows: sample.rows,
    sampled: sample.sampled.length,
    paidRows: 0,
    nanoUsd: 0,
  };
  if (!model.isPaidPerCall || sample.sampled.length === 0) return nothing;
  const known = await KnownAnswers.read(client, definition, name);
  const priced = await priceRows(sample.sampled, program, model, known, await nowOf(client));
  const share = await spentShare(client, name);
  const nanoUsd = share === undefined ? priced.likelyNanoUsd : priced.boundNanoUsd * share;
  const scale = sample.rows / sample.sampled.length;
  return {
    ...nothing,
    paidRows: Math.round(priced.paidRows * scale),
    nanoUsd: Math.round(nanoUsd * scale),
  };
}

/** Of so many rows among those that the condition holds for. */
export async function priceOfRows(
  client: DatabaseClient,
  definition: Definition,
  request: EstimateRequest,
  rows: number,
): Promise<number> {
  const estimate = await estimateCost(client, definition, request);
  return estimate.rows <= rows ? estimate.nanoUsd : Math.round((estimate.nanoUsd * rows) / estimate.rows);
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
