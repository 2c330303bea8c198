// What the reader remembers of partitions: as it last saw them, and what it found changed.
import { formatLsn, parseLsn } from '../contracts/position.ts';
import type { Queryable } from '../postgres/connect.ts';
import type { Partition } from '../postgres/partitions.ts';
import type { TableName } from '../postgres/published.ts';
import { PARTITION_CHANGES, PARTITIONS } from './names.ts';

export interface RememberedPartition extends Partition {
  /** SQL over the key that holds for exactly the rows that belonged into it; null: not known, or for all. */
  readonly condition: string | null;
  /** The end of the log when a look first found it; null: none has, the log told of it. */
  readonly foundLsn: string | null;
  /** The log told of rows from before it was found: what emptied it before that, no look can see. */
  readonly isLate: boolean;
}

export interface RememberedTable extends TableName {
  readonly oid: number;
  readonly partitions: readonly RememberedPartition[];
}

const SELECT_REMEMBERED = `
  select table_schema as schema, table_name as name, table_oid::text as oid, partitions::text as partitions from ${PARTITIONS}`;

interface RememberedRow extends TableName {
  readonly oid: string;
  readonly partitions: string;
}

export async function rememberedPartitions(client: Queryable): Promise<readonly RememberedTable[]> {
  return (await client.query<RememberedRow>(SELECT_REMEMBERED)).rows.map(toRemembered);
}

/** Nobody else changes what is remembered of the table until the transaction ends. */
export async function lockRemembered(
  client: Queryable,
  { schema, name }: TableName,
): Promise<RememberedTable | undefined> {
  const { rows } = await client.query<RememberedRow>(
    `${SELECT_REMEMBERED} where table_schema = $1 and table_name = $2 for update`,
    [schema, name],
  );
  return rows.map(toRemembered)[0];
}

export async function remember(client: Queryable, table: RememberedTable): Promise<void> {
  await client.query(
    `insert into ${PARTITIONS} as remembered (table_schema, table_name, table_oid, partitions) values ($1, $2, $3, $4)
     on conflict (table_schema, table_name) do update
        set table_oid = excluded.table_oid, partitions = excluded.partitions, seen_at = now()`,
    [table.schema, table.name, table.oid, JSON.stringify(table.partitions)],
  );
}

/** Nothing, where it was found before the log told of it. */
export async function rememberSighting(
  client: Queryable,
  { schema, name }: TableName,
  { oid, name: partition }: Pick<Partition, 'oid' | 'name'>,
  commitLsn: bigint,
): Promise<void> {
  const sighted: RememberedPartition = {
    oid,
    name: partition,
    file: 0,
    placed: '',
    isDefault: false,
    condition: null,
    foundLsn: null,
    isLate: true,
  };
  await client.query(SIGHTING, [schema, name, JSON.stringify(sighted), oid, formatLsn(commitLsn)]);
}

const SIGHTING = `
  update ${PARTITIONS} set partitions =
         coalesce((select jsonb_agg(case when each.oid = $4::text then each.value || '{"isLate": true}' else each.value end order by each.place)
                     from (select value, value ->> 'oid' as oid, place
                             from jsonb_array_elements(partitions) with ordinality as e(value, place)) each), '[]')
         || case when partitions @> jsonb_build_array(jsonb_build_object('oid', $4::int8)) then '[]' else jsonb_build_array($3::jsonb) end
   where table_schema = $1 and table_name = $2
     and not exists (select from jsonb_array_elements(partitions) known
                      where known ->> 'oid' = $4::text and (known ->> 'foundLsn')::pg_lsn <= $5::pg_lsn)`;

export interface PartitionChangeDraft {
  readonly table: TableName;
  /** Names of those that came with rows, or came back. */
  readonly attached: readonly string[];
  readonly removed: readonly string[];
  /** Names of those that were emptied, or written anew with everything in them: nobody can tell which. */
  readonly rewritten: readonly string[];
  /** Everything that the change took away was committed before this. */
  readonly foundLsn: bigint;
  readonly toSweep: readonly string[];
  readonly sweepCondition: string | null;
  readonly jobs: readonly string[];
}

export interface PartitionChange extends PartitionChangeDraft {
  readonly id: string;
  readonly foundAt: string;
  readonly isTold: boolean;
}

/** As long as its notice is kept. */
const KEPT_DAYS = 30;

export async function recordPartitionChange(client: Queryable, change: PartitionChangeDraft): Promise<void> {
  await client.query(
    `delete from ${PARTITION_CHANGES} where told and to_sweep = '{}' and found_at < now() - interval '${KEPT_DAYS} days'`,
  );
  await client.query(
    `insert into ${PARTITION_CHANGES}
       (table_schema, table_name, attached, removed, rewritten, found_lsn, to_sweep, sweep_condition, jobs)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[]::bigint[])`,
    [
      change.table.schema,
      change.table.name,
      change.attached,
      change.removed,
      change.rewritten,
      formatLsn(change.foundLsn),
      change.toSweep,
      change.sweepCondition,
      change.jobs,
    ],
  );
}

const SELECT_CHANGES = `
  select id, table_schema as schema, table_name as name, to_json(attached)::text as attached, to_json(removed)::text as removed,
         to_json(rewritten)::text as rewritten, found_lsn::text as found_lsn, to_json(to_sweep)::text as to_sweep,
         sweep_condition, to_json(jobs::text[])::text as jobs, told,
         to_char(found_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as found_at
    from ${PARTITION_CHANGES}`;

interface ChangeRow extends TableName {
  readonly id: string;
  readonly attached: string;
  readonly removed: string;
  readonly rewritten: string;
  readonly found_lsn: string;
  readonly found_at: string;
  readonly to_sweep: string;
  readonly sweep_condition: string | null;
  readonly jobs: string;
  readonly told: boolean;
}

/** Those that are not told of yet, or whose results are still to be looked through; the oldest first. */
export async function openPartitionChanges(client: Queryable): Promise<readonly PartitionChange[]> {
  const { rows } = await client.query<ChangeRow>(
    `${SELECT_CHANGES} where not told or to_sweep <> '{}' order by id`,
  );
  return rows.map(toChange);
}

/** Undefined when somebody else has looked through the results of one of these enrichments. */
export async function lockPartitionChange(
  client: Queryable,
  id: string,
  enrichments: readonly string[],
): Promise<PartitionChange | undefined> {
  const { rows } = await client.query<ChangeRow>(
    `${SELECT_CHANGES} where id = $1 and to_sweep @> $2::text[] for update`,
    [id, enrichments],
  );
  return rows.map(toChange)[0];
}

export async function markPartitionsSwept(
  client: Queryable,
  id: string,
  enrichments: readonly string[],
  jobs: readonly string[],
): Promise<void> {
  await client.query(
    `update ${PARTITION_CHANGES}
        set to_sweep = array(select unnest(to_sweep) except select unnest($2::text[]) order by 1),
            jobs = jobs || $3::text[]::bigint[], told = false
      where id = $1`,
    [id, enrichments, jobs],
  );
}

/** Only as it was told: what changed meanwhile is told again. */
export async function markPartitionChangeTold(client: Queryable, change: PartitionChange): Promise<void> {
  await client.query(`update ${PARTITION_CHANGES} set told = true where id = $1 and to_sweep = $2::text[]`, [
    change.id,
    change.toSweep,
  ]);
}

function toRemembered({ schema, name, oid, partitions }: RememberedRow): RememberedTable {
  return { schema, name, oid: Number(oid), partitions: JSON.parse(partitions) as RememberedPartition[] };
}

function toChange(row: ChangeRow): PartitionChange {
  return {
    id: row.id,
    table: { schema: row.schema, name: row.name },
    attached: JSON.parse(row.attached) as string[],
    removed: JSON.parse(row.removed) as string[],
    rewritten: JSON.parse(row.rewritten) as string[],
    foundLsn: parseLsn(row.found_lsn),
    foundAt: row.found_at,
    toSweep: JSON.parse(row.to_sweep) as string[],
    sweepCondition: row.sweep_condition,
    jobs: JSON.parse(row.jobs) as string[],
    isTold: row.told,
  };
}
