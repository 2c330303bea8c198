import type { DatabaseClient, Queryable } from '../../../shared/postgres/connect.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import type { EnrichmentTables } from '../../../shared/side-tables/enrichment-tables.ts';
import { REDO_JOBS } from '../../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { createRedoJob, type KeyTexts, type NewRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import type { ChunkStatement } from './chunk-statements.ts';
import {
  collectedKeyFurtherOn,
  listCollectedKeys,
  orphans,
  type SweptTable,
  stateKeyFurtherOn,
} from './orphan-statements.ts';
import { texts } from './texts.ts';

export interface Sweep {
  readonly table: TableName;
  readonly reason: NewRedoJob['reason'];
  readonly enrichments: readonly string[];
  /** SQL over the key: only these rows can be gone; null: any. */
  readonly within: string | null;
}

/** So many keys of each state table are looked at by one statement. */
export const SWEPT_KEYS_MAX = 20_000;

/** Where the first key is that has a result and no row. */
export interface OrphanFound {
  /** Nothing is to be swept up to here; null: from the beginning. */
  readonly after: KeyTexts | null;
}

/**
 * Looks for a key that has a result and no row: a scan of the table never meets those that were deleted without a word.
 * Outside of a transaction: it may take long, and one that lasts would pin the log. Undefined when there is none.
 */
export async function findOrphan(client: Queryable, sweep: Sweep): Promise<OrphanFound | undefined> {
  const swept = await sweptTable(client, sweep.table, sweep.enrichments, sweep.within);
  let after: KeyTexts | null = null;
  for (;;) {
    const end = await lastOfPortion(client, swept, after);
    const found = await texts(client, orphans(swept, after, end, 1));
    if (found.length > 0) return { after };
    if (end === undefined) return undefined;
    after = end;
  }
}

/** A job that goes on from there through the state tables, and publishes as deleted every key that has no row. */
export async function createSweepJob(
  client: Queryable,
  { table, reason, enrichments, within }: Sweep,
  { after }: OrphanFound,
): Promise<string> {
  const condition = within === null ? {} : { condition: within };
  return await createRedoJob(client, {
    schema: table.schema,
    table: table.name,
    reason,
    enrichments,
    sweep: true,
    ...(after === null ? {} : { lastKey: after }),
    ...condition,
  });
}

/** Of one job: listing them is one write transaction, and one that lasts would pin the log of the slot. */
const COLLECTED_KEYS_MAX = 50_000;

/** Jobs for the keys that were collected for a gap and are in no state table. */
export async function createCollectedKeysJobs(
  client: DatabaseClient,
  sweep: Sweep,
  gap: string,
  keysMax = COLLECTED_KEYS_MAX,
): Promise<readonly string[]> {
  const { states } = await sweptTable(client, sweep.table, sweep.enrichments, null);
  const jobs: (string | undefined)[] = [];
  for (const state of states) {
    let after: KeyTexts | null = null;
    for (;;) {
      const [found] = await texts(client, collectedKeyFurtherOn(state, gap, after, keysMax));
      const end: KeyTexts | undefined = typeof found?.[0] === 'string' ? JSON.parse(found[0]) : undefined;
      jobs.push(
        await createListedJob(client, sweep, state, (job) => listCollectedKeys(state, gap, job, after, end)),
      );
      if (end === undefined) break;
      after = end;
    }
  }
  return jobs.filter((job) => job !== undefined);
}

/** Undefined, and none, where nothing is listed. */
async function createListedJob(
  client: DatabaseClient,
  { table: { schema, name: table }, reason }: Sweep,
  { enrichment }: EnrichmentTables,
  listing: (job: string) => ChunkStatement,
): Promise<string | undefined> {
  await client.query('begin');
  try {
    const job = await createRedoJob(client, { schema, table, reason, enrichments: [enrichment], keys: [] });
    const { text, values } = listing(job);
    const { rowCount } = await client.query(text, [...values]);
    await client.query(`update ${REDO_JOBS} set estimated_rows = $2 where job = $1`, [job, rowCount]);
    await client.query(rowCount === 0 ? 'rollback' : 'commit');
    return rowCount === 0 ? undefined : job;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

export async function sweptTable(
  client: Queryable,
  source: TableName,
  enrichments: readonly string[],
  within: string | null,
): Promise<SweptTable> {
  const states = [];
  for (const enrichment of enrichments) states.push(await readEnrichmentTables(client, enrichment));
  return { source, states, within };
}

/** Undefined: nothing is left behind what follows `after`. */
export async function lastOfPortion(
  client: Queryable,
  swept: SweptTable,
  after: KeyTexts | null,
): Promise<KeyTexts | undefined> {
  const [found] = await texts(client, stateKeyFurtherOn(swept, after, SWEPT_KEYS_MAX));
  return found?.map((value) => value ?? '');
}
