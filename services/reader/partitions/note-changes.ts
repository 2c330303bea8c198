import { type Definition, enrichmentsOfTable } from '../../../shared/config/definition.ts';
import { formatLsn, parseLsn } from '../../../shared/contracts/position.ts';
import type { DatabaseClient, Queryable } from '../../../shared/postgres/connect.ts';
import {
  type Partition,
  type PartitionContent,
  type PartitionedTable,
  readPartitionContents,
  readPartitions,
} from '../../../shared/postgres/partitions.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import {
  lockRemembered,
  type PartitionChangeDraft,
  type RememberedTable,
  recordPartitionChange,
  remember,
  rememberedPartitions,
} from '../../../shared/side-tables/partitions.ts';
import { createRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { sourceTables } from '../preflight/facts.ts';
import { nameOf } from '../preflight/published-changes.ts';
import {
  anyOf,
  CONDITIONS_MAX,
  isDifferent,
  isSameTable,
  lastingCondition,
  partitionDifference,
} from './compare.ts';

/** What the tables have before anything of them is read: from here on every change of their partitions is found. */
export async function rememberPartitions(client: DatabaseClient, definition: Definition): Promise<void> {
  const known = new Set((await rememberedPartitions(client)).map(nameOf));
  for (const table of await readPartitions(client, sourceTables(definition))) {
    if (!known.has(nameOf(table))) await noteTable(client, definition, table);
  }
}

export interface Noted {
  readonly changes: readonly PartitionChangeDraft[];
  /** Why a table could not be looked at, mostly somebody's lock. */
  readonly failed: readonly unknown[];
}

/** Looks at the partitions of every source, and writes down what became of them since they were last seen. */
export async function notePartitionChanges(client: DatabaseClient, definition: Definition): Promise<Noted> {
  const changes: PartitionChangeDraft[] = [];
  const failed: unknown[] = [];
  const before = new Map((await rememberedPartitions(client)).map((table) => [nameOf(table), table]));
  for (const table of await readPartitions(client, sourceTables(definition))) {
    const remembered = before.get(nameOf(table));
    if (remembered !== undefined && !isDifferent(remembered, table)) continue;
    try {
      const change = await noteTable(client, definition, table);
      if (change !== undefined) changes.push(change);
    } catch (error) {
      failed.push(error);
    }
  }
  return { changes, failed };
}

/** Memory, record and jobs as one: a change is found once, and what follows from it is never forgotten. */
async function noteTable(
  client: DatabaseClient,
  definition: Definition,
  table: TableName,
): Promise<PartitionChangeDraft | undefined> {
  await client.query('begin');
  try {
    const change = await noteLocked(client, definition, table);
    await client.query('commit');
    return change;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

async function noteLocked(
  client: Queryable,
  definition: Definition,
  table: TableName,
): Promise<PartitionChangeDraft | undefined> {
  const before = await lockRemembered(client, table);
  // Once more behind the lock: another reader may have been here.
  const [now] = await readPartitions(client, [table]);
  if (now === undefined) return undefined;
  const known = before !== undefined && isSameTable(before, now) ? before : undefined;
  const { attached } = partitionDifference(known ?? { ...now, partitions: [] }, now);
  // Of the others nothing is asked: somebody may hold a lock on one for long.
  const contents = await readPartitionContents(
    client,
    attached.map(({ oid }) => oid),
  );
  const foundLsn = await endOfLog(client);
  await remember(client, asRemembered(now, known, contents, foundLsn));
  if (known === undefined) return undefined;
  const change = await follow(client, definition, known, { now, contents, foundLsn });
  if (change !== undefined) await recordPartitionChange(client, change);
  return change;
}

interface Look {
  readonly now: PartitionedTable;
  readonly contents: readonly PartitionContent[];
  /** Everything that the look can have missed was committed before this. */
  readonly foundLsn: bigint;
}

/** undefined: nothing came or went that anybody could miss. */
async function follow(
  client: Queryable,
  definition: Definition,
  before: RememberedTable,
  { now, contents, foundLsn }: Look,
): Promise<PartitionChangeDraft | undefined> {
  const { attached, removed, rewritten, foundLate } = partitionDifference(before, now);
  const contentOf = new Map(contents.map((content) => [content.oid, content]));
  const filled = attached.flatMap((partition) => {
    const content = contentOf.get(partition.oid);
    return content?.mayHoldRows === true ? [{ name: partition.name, partition, content }] : [];
  });
  const late = foundLate.map((partition) => ({
    name: partition.name,
    condition: lastingCondition(partition, contentOf.get(partition.oid)?.condition ?? null),
  }));
  const emptied = late.filter(({ name }) => !filled.some((each) => each.name === name));
  const gone = [...removed, ...rewritten, ...late];
  if (filled.length === 0 && gone.length === 0) return undefined;
  const table = { schema: now.schema, name: now.name };
  const enrichments = enrichmentsOfTable(definition, table);
  return {
    table,
    attached: filled.map(({ name }) => name),
    removed: removed.map(({ name }) => name),
    rewritten: [...rewritten, ...emptied].map(({ name }) => name),
    foundLsn,
    toSweep: gone.length === 0 ? [] : enrichments,
    sweepCondition: anyOf(
      gone.map(({ condition }) => condition),
      before.partitions.length,
    ),
    jobs: await createLoadJobs(
      client,
      table,
      enrichments,
      enrichments.length === 0 ? [] : filled,
      now.partitions.length,
    ),
  };
}

interface Filled {
  readonly partition: Partition;
  readonly content: PartitionContent;
}

/** Neither the bounds of a hash partition nor what no other partition takes tell the planner where it need not look. */
const hasBounds = ({ partition, content }: Filled): boolean =>
  lastingCondition(partition, content.condition) !== null;

/** Rows of a partition that came with it were never in the log of this table. */
async function createLoadJobs(
  client: Queryable,
  table: TableName,
  enrichments: readonly string[],
  loaded: readonly Filled[],
  countAll: number,
): Promise<readonly string[]> {
  const jobs: string[] = [];
  for (let from = 0; from < loaded.length; from += CONDITIONS_MAX) {
    const part = loaded.slice(from, from + CONDITIONS_MAX);
    const condition = anyOf(
      part.map(({ content }) => content.condition),
      countAll,
    );
    const rows = part.reduce((sum, { content }) => sum + (content.estimatedRows ?? Number.NaN), 0);
    jobs.push(
      await createRedoJob(client, {
        schema: table.schema,
        table: table.name,
        reason: 'backfill',
        enrichments,
        ...(condition === null ? {} : { condition }),
        ...(condition !== null && part.every(hasBounds) ? { ofPartitions: true as const } : {}),
        ...(Number.isNaN(rows) ? {} : { estimatedRows: rows }),
      }),
    );
  }
  return jobs;
}

async function endOfLog(client: Queryable): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  return parseLsn(rows[0]?.lsn ?? '');
}

function asRemembered(
  table: PartitionedTable,
  known: RememberedTable | undefined,
  contents: readonly PartitionContent[],
  foundLsn: bigint,
): RememberedTable {
  const earlier = new Map(known?.partitions.map((partition) => [partition.oid, partition]));
  const fresh = new Map(contents.map(({ oid, condition }) => [oid, condition]));
  return {
    ...table,
    partitions: table.partitions.map((partition) => ({
      ...partition,
      condition: lastingCondition(
        partition,
        fresh.get(partition.oid) ?? earlier.get(partition.oid)?.condition ?? null,
      ),
      foundLsn: earlier.get(partition.oid)?.foundLsn ?? formatLsn(foundLsn),
      isLate: false,
    })),
  };
}
