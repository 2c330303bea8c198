import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import { REDO_JOBS } from '../../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { createRedoJob, type KeyTexts, type NewRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { listCollectedKeys, orphans, type SweptTable, stateKeyFurtherOn } from './orphan-statements.ts';
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

/** A job for the keys that were collected for a gap and are in no state table. Undefined when there are none. */
export async function createCollectedKeysJob(
  client: Queryable,
  { table, reason, enrichments }: Sweep,
  gap: string,
): Promise<string | undefined> {
  const { states } = await sweptTable(client, table, enrichments, null);
  const { schema, name } = table;
  const job = await createRedoJob(client, { schema, table: name, reason, enrichments, keys: [] });
  const { text, values } = listCollectedKeys(states, job, gap);
  const { rowCount } = await client.query(text, [...values]);
  if (rowCount === 0) await client.query(`delete from ${REDO_JOBS} where job = $1`, [job]);
  else await client.query(`update ${REDO_JOBS} set estimated_rows = $2 where job = $1`, [job, rowCount]);
  return rowCount === 0 ? undefined : job;
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
