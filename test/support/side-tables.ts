// One enrichment's side tables in a database of their own, and the writer's statements run on them as the writer does.
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import {
  type EnrichmentTables,
  resultTableDdl,
  stateTableDdl,
} from '../../shared/side-tables/enrichment-tables.ts';
import { migrationStatements, pendingMigrations } from '../../shared/side-tables/migrations.ts';
import {
  keyParameters,
  type Outcome,
  resultParameters,
  type Scored,
  stateParameters,
} from '../../shared/side-tables/parameters.ts';
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
  await client.query('begin');
  await client.query(statements.lockFence);
  const won = await places(client, statements.upsertState, stateParameters(tables, outcomes));
  const winners = won.map((place) => outcomes[place - 1]).filter((outcome) => outcome !== undefined);
  const results = winners.filter((outcome): outcome is Scored => outcome.status === 'scored');
  const gone = winners.filter((outcome) => outcome.status !== 'scored');
  await client.query({
    ...statements.deleteResults,
    values: [
      ...keyParameters(
        tables,
        gone.map(({ key }) => key),
      ),
    ],
  });
  const values = [...resultParameters(tables, results)];
  const { deleteChangedChunks } = statements;
  if (deleteChangedChunks !== undefined) await client.query({ ...deleteChangedChunks, values });
  await client.query({ ...statements.upsertResults, values });
  await client.query('commit');
  return won;
}

export async function truncate({ client, statements }: SideTableSetting, at: number): Promise<boolean> {
  const position = [0, lsn(at), 0];
  await client.query('begin');
  const raised = await client.query({ ...statements.raiseFence, values: position });
  if (raised.rowCount === 1) {
    await client.query({ ...statements.markTruncated, values: position });
    await client.query(statements.deleteTruncatedResults);
  }
  await client.query('commit');
  return raised.rowCount === 1;
}

export const results = async ({ client }: SideTableSetting): Promise<unknown[]> =>
  (await client.query('select id, score from afterglow.fraud order by id')).rows;
