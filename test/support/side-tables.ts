// One enrichment's side tables in a database of their own, and the writer's batches on them.
import { applyOutcomes } from '../../services/writer/apply.ts';
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import {
  type EnrichmentTables,
  resultTableDdl,
  stateTableDdl,
} from '../../shared/side-tables/enrichment-tables.ts';
import { migrationStatements, pendingMigrations } from '../../shared/side-tables/migrations.ts';
import type { Outcome, Scored } from '../../shared/side-tables/parameters.ts';
import {
  type Statement,
  type WriterStatements,
  writerStatements,
} from '../../shared/side-tables/statements.ts';
import { createDatabase } from './stack.ts';

export const FRAUD: EnrichmentTables = {
  enrichment: 'fraud',
  keyColumns: [{ name: 'id', type: 'bigint' }],
  outputs: [{ name: 'score', type: 'double precision' }],
  chunked: false,
};

export const EMBEDDING: EnrichmentTables = {
  enrichment: 'embedding',
  keyColumns: [{ name: 'id', type: 'bigint' }],
  outputs: [{ name: 'embedding', type: 'public.halfvec(3)' }],
  chunked: true,
};

export interface SideTableSetting extends AsyncDisposable {
  readonly url: string;
  readonly client: DatabaseClient;
  readonly tables: EnrichmentTables;
  readonly statements: WriterStatements;
}

export async function setUp(
  tables: EnrichmentTables,
  version: 16 | 18 = 18,
  before: string[] = [],
): Promise<SideTableSetting> {
  const database = await createDatabase(version);
  const client = await connectDatabase({ url: database.url, applicationName: 'side-tables-test' });
  for (const sql of before) await client.query(sql);
  for (const sql of pendingMigrations([]).flatMap(migrationStatements)) await client.query(sql);
  for (const sql of [...stateTableDdl(tables), ...resultTableDdl(tables)]) await client.query(sql);
  return {
    url: database.url,
    client,
    tables,
    statements: writerStatements(tables),
    [Symbol.asyncDispose]: async () => {
      await client.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

export const lsn = (low: number): string => `00000000/${low.toString(16).toUpperCase().padStart(8, '0')}`;

function base(id: string | number, at: number) {
  return {
    key: { id },
    enrichment: 'fraud',
    source: {
      epoch: 0,
      commit_lsn: lsn(at),
      event_index: 0,
      table: 'public.t',
      committed_at: '2026-11-20T09:00:00.000000Z',
    },
    revision: 1,
    as_of: '2026-11-20T09:00:00.000000Z',
    input_hash: 'ab'.repeat(32),
    enriched_at: '2026-11-20T09:00:01.000000Z',
  };
}

export function scored(id: string | number, at: number, score: number, more: Partial<Scored> = {}): Scored {
  return {
    ...base(id, at),
    status: 'scored',
    result: { score },
    flagged: score >= 0.9,
    model: { kind: 'sagemaker', name: 'fraud-xgboost', version: '1' },
    cached: false,
    cost_nano_usd: 12,
    attempts: 1,
    model_ms: 3,
    ...more,
  };
}

export const embedded = (
  at: number,
  vectors: readonly (readonly number[])[],
  more: Partial<Scored> = {},
): Scored => ({
  ...scored('1', at, 0),
  result: {
    dimensions: 3,
    truncated: false,
    chunks: vectors.map((vector, index) => ({
      start: index * 10,
      end: index * 10 + 10,
      tokens: 2,
      vector_f32le_base64: Buffer.from(new Float32Array(vector).buffer).toString('base64'),
    })),
  },
  ...more,
});

export const skipped = (id: string | number, at: number): Outcome => ({
  ...base(id, at),
  status: 'skipped',
  reason: 'when',
});
export const deleted = (id: string | number, at: number): Outcome => ({
  ...base(id, at),
  status: 'deleted',
  cause: 'delete',
});
export const overBudget = (id: string | number, at: number): Outcome => ({
  ...base(id, at),
  status: 'over_budget',
  limit: 'daily_usd',
  resets_at: '2026-11-21T00:00:00.000000Z',
});
export const failed = (id: string | number, at: number): Outcome => ({
  ...base(id, at),
  status: 'failed',
  error: { kind: 'rejected_item', code: 'ValidationException', message: 'refused', attempts: 1 },
  dead_letter_id: `letter-${at}`,
});

export async function places(
  client: DatabaseClient,
  statement: Statement,
  values: readonly unknown[],
): Promise<number[]> {
  const { rows } = await client.query<{ place: number }>({ ...statement, values: [...values] });
  return rows.map(({ place }) => place);
}

/** One batch as the writer does it; returns the places that won. */
export async function write(
  { client, tables, statements }: SideTableSetting,
  outcomes: readonly Outcome[],
): Promise<number[]> {
  const { written } = await inOneTransaction(client, () =>
    applyOutcomes(client, { tables, statements }, outcomes),
  );
  return written.map((outcome) => outcomes.indexOf(outcome) + 1).toSorted((a, b) => a - b);
}

/** A truncate of the source, as it comes through a partition. */
export const truncated = (at: number): AnyEnrichedEvent => ({
  ...base(0, at),
  key: {},
  input_hash: null,
  status: 'truncated',
});

export async function truncate(
  { client, tables, statements }: SideTableSetting,
  at: number,
  after: readonly Outcome[] = [],
): Promise<void> {
  await inOneTransaction(client, () =>
    applyOutcomes(client, { tables, statements }, [truncated(at), ...after]),
  );
}

async function inOneTransaction<Result>(
  client: DatabaseClient,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

export const results = async ({ client }: SideTableSetting): Promise<unknown[]> =>
  (await client.query('select id, score from afterglow.fraud order by id')).rows;
