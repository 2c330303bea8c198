import type { DatabaseClient, Queryable } from '../../../shared/postgres/connect.ts';
import type { Snapshot } from '../../../shared/postgres/snapshot.ts';
import type { KeyTexts, RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import {
  type ChunkStatement,
  keyFurtherOn,
  rowsInKeyOrder,
  rowsOfCondition,
  rowsOfList,
} from './chunk-statements.ts';
import { type DescribedTable, describeTable, type TableToRead } from './described-table.ts';
import { orphans } from './orphan-statements.ts';
import { rowsThatFit, sizesOf } from './row-sizes.ts';
import { lastOfPortion, sweptTable } from './sweep-job.ts';
import { type Texts, texts } from './texts.ts';

export interface TableRow {
  /** Only the places of the key are filled. */
  readonly keyTuple: Texts;
  /** undefined: asked for by its key, and not there. */
  readonly tuple: Texts | undefined;
}

export interface ReadChunk {
  readonly table: DescribedTable;
  readonly snapshot: Snapshot;
  readonly rows: readonly TableRow[];
  readonly bytes: number;
  /** What is finished with this chunk. */
  readonly lastKey: KeyTexts | null;
  /** Nothing is left behind it. */
  readonly isLast: boolean;
}

export interface ChunkLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** Whether a row of the table may go, too: the chunk ends before one that may not. Absent: they all may. */
  readonly admitting?: (table: DescribedTable) => Promise<(row: Texts) => boolean>;
}

/** How many rows a chunk of a condition looks at, however few it picks. */
const LOOKED_AT_ROWS_MAX = 20_000;
const FETCH_ROWS_MAX = 200;

/**
 * Reads one chunk and, in the same transaction, lets `beforeCommit` write what follows it: no change of the table's
 * columns can come between.
 */
export async function readChunk(
  client: DatabaseClient,
  job: RedoJob,
  table: TableToRead,
  limits: ChunkLimits,
  beforeCommit: (chunk: ReadChunk) => Promise<void>,
): Promise<ReadChunk> {
  // Read-only: a condition is somebody's SQL, and must not be able to change anything.
  await client.query('begin isolation level read committed read only');
  try {
    const { described, snapshot } = await describeTable(client, table);
    const part = await readPart(client, job, described, limits);
    const chunk = { ...part, table: described, snapshot };
    await beforeCommit(chunk);
    await client.query('commit');
    return chunk;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

type Part = Omit<ReadChunk, 'table' | 'snapshot'>;

async function readPart(
  client: Queryable,
  job: RedoJob,
  table: DescribedTable,
  limits: ChunkLimits,
): Promise<Part> {
  if (job.sweep) return await readOrphans(client, job, table, limits);
  return job.byKeys
    ? await readList(client, job, table, limits)
    : await readTable(client, job, table, limits);
}

async function readTable(
  client: Queryable,
  job: RedoJob,
  table: DescribedTable,
  limits: ChunkLimits,
): Promise<Part> {
  const { lastKey: after, condition, ofPartitions } = job;
  const keyOf = (tuple: Texts): string[] => table.key.map(({ place }) => tuple[place] ?? '');
  let end: KeyTexts | undefined;
  let statement: ChunkStatement;
  if (condition === null) statement = rowsInKeyOrder(table, after, limits.rowsMax);
  else if (ofPartitions) statement = rowsOfCondition(table, after, undefined, condition, limits.rowsMax);
  else {
    const [found] = await texts(client, keyFurtherOn(table, after, LOOKED_AT_ROWS_MAX));
    end = found?.map((value) => value ?? '');
    statement = rowsOfCondition(table, after, end, condition, limits.rowsMax);
  }
  const sizes = sizesOf(statement, 0, typesOf(table));
  const admits = await limits.admitting?.(table);
  const { tuples, bytes, isCut } = await fetchRows(client, { rows: statement, sizes, admits }, limits);
  const last = tuples.at(-1);
  const isWhole = !isCut && (condition === null || ofPartitions ? tuples.length < limits.rowsMax : true);
  return {
    rows: tuples.map((tuple) => ({ tuple, keyTuple: onlyKey(table, keyOf(tuple)) })),
    bytes,
    lastKey: isWhole && end !== undefined ? end : last === undefined ? after : keyOf(last),
    isLast: isWhole && end === undefined,
  };
}

async function readList(
  client: Queryable,
  job: RedoJob,
  table: DescribedTable,
  limits: ChunkLimits,
): Promise<Part> {
  const statement = rowsOfList(table, job.job, job.lastKey, limits.rowsMax);
  const columnsFrom = 1 + table.key.length;
  const sizes = sizesOf(statement, columnsFrom, typesOf(table));
  const rowOf = (found: Texts): Texts | undefined => {
    const tuple = found.slice(columnsFrom);
    return table.key.every(({ place }) => tuple[place] !== null) ? tuple : undefined;
  };
  const admitsRow = await limits.admitting?.(table);
  const admits = (found: Texts): boolean => {
    const row = rowOf(found);
    return row === undefined || admitsRow?.(row) !== false;
  };
  const { tuples, bytes, isCut } = await fetchRows(client, { rows: statement, sizes, admits }, limits);
  const rows = tuples.map((found) => ({
    tuple: rowOf(found),
    keyTuple: onlyKey(table, found.slice(1, columnsFrom)),
  }));
  const last = tuples.at(-1)?.[0];
  return {
    rows,
    bytes,
    lastKey: typeof last === 'string' ? [last] : job.lastKey,
    isLast: !isCut && tuples.length < limits.rowsMax,
  };
}

/** Keys that have a result and no row. */
async function readOrphans(
  client: Queryable,
  job: RedoJob,
  table: DescribedTable,
  limits: ChunkLimits,
): Promise<Part> {
  const { lastKey: after, enrichments, condition } = job;
  const source = { schema: table.relation.schema, name: table.relation.name };
  const swept = await sweptTable(client, source, enrichments, condition);
  const end = await lastOfPortion(client, swept, after);
  const { text, values } = orphans(swept, after, end, limits.rowsMax);
  const { tuples, bytes, isCut } = await fetchRows(client, { rows: { text, values } }, limits);
  const isWhole = !isCut && tuples.length < limits.rowsMax;
  const last = tuples.at(-1)?.map((value) => value ?? '');
  return {
    rows: tuples.map((key) => ({ tuple: undefined, keyTuple: onlyKey(table, key) })),
    bytes,
    lastKey: (isWhole ? end : last) ?? last ?? after,
    isLast: isWhole && end === undefined,
  };
}

function onlyKey(table: DescribedTable, key: Texts): Texts {
  const tuple = new Array<string | null>(table.columns.length).fill(null);
  for (const [index, { place }] of table.key.entries()) tuple[place] = key[index] ?? null;
  return tuple;
}

interface Fetched {
  readonly tuples: readonly Texts[];
  readonly bytes: number;
  /** There may be more. */
  readonly isCut: boolean;
}

const typesOf = ({ relation }: DescribedTable): readonly number[] =>
  relation.columns.map(({ typeOid }) => typeOid);

interface Wanted {
  readonly rows: ChunkStatement;
  /** How large they are, in the same order; absent: they are small. */
  readonly sizes?: ChunkStatement;
  /** The first row that it refuses ends them. */
  readonly admits?: ((row: Texts) => boolean) | undefined;
}

/** In small portions, and of large rows no more than fit, which their sizes tell before they come. */
async function fetchRows(
  client: Queryable,
  { rows, sizes, admits }: Wanted,
  limits: ChunkLimits,
): Promise<Fetched> {
  const next = await opened(client, 'afterglow_chunk', rows);
  const nextSizes = sizes === undefined ? undefined : await opened(client, 'afterglow_sizes', sizes);
  const tuples: Texts[] = [];
  let bytes = 0;
  let ahead: readonly number[] = [];
  for (;;) {
    let portion = Math.min(FETCH_ROWS_MAX, limits.rowsMax - tuples.length);
    if (nextSizes !== undefined) {
      if (ahead.length < portion) {
        ahead = [...ahead, ...(await nextSizes.fetch(portion - ahead.length)).map(([size]) => Number(size))];
      }
      // Rows that came between the two looks have no size: they are few.
      portion = Math.max(1, rowsThatFit(ahead.slice(0, portion), limits.bytesMax - bytes));
      ahead = ahead.slice(portion);
    }
    const fetched = await next.fetch(portion);
    const refused = admits === undefined ? -1 : fetched.findIndex((tuple) => !admits(tuple));
    const admitted = refused < 0 ? fetched : fetched.slice(0, refused);
    for (const tuple of admitted) {
      tuples.push(tuple);
      for (const value of tuple) bytes += value?.length ?? 0;
    }
    const isFull = tuples.length >= limits.rowsMax || bytes >= limits.bytesMax;
    if (fetched.length < portion || isFull || refused >= 0) {
      await next.close();
      await nextSizes?.close();
      return { tuples, bytes, isCut: fetched.length === portion || refused >= 0 };
    }
  }
}

interface Opened {
  fetch(count: number): Promise<readonly Texts[]>;
  close(): Promise<unknown>;
}

async function opened(client: Queryable, cursor: string, { text, values }: ChunkStatement): Promise<Opened> {
  await client.query(`declare ${cursor} no scroll cursor for ${text}`, [...values]);
  return {
    fetch: (count) => texts(client, { text: `fetch forward ${count} from ${cursor}`, values: [] }),
    close: () => client.query(`close ${cursor}`),
  };
}
