// The partitions of partitioned tables as the catalog has them, read without a lock on any of them. TRUNCATE of a partition,
// DETACH and ATTACH send nothing through the log of a publication by the root: they show here only.
import type { Queryable } from './connect.ts';
import type { TableName } from './published.ts';

export interface Partition {
  readonly oid: number;
  /** 'schema.name'. */
  readonly name: string;
  /** Its relfilenode. Another number: emptied, or written anew with everything in it. */
  readonly file: number;
  /** The transactions that put it, and what it is a partition of, into the table. Another text: it was away in between. */
  readonly placed: string;
  /** It, or what it is a partition of, takes what no other does: what belongs into it changes with the others. */
  readonly isDefault: boolean;
}

export interface PartitionedTable extends TableName {
  readonly oid: number;
  /** Those that hold rows: of a partition that is partitioned itself, its partitions. */
  readonly partitions: readonly Partition[];
}

// One that is being detached concurrently is out of the table already, for queries and for the log alike.
const PARTITIONS = `
  with recursive tree as (
    select w.schema, w.name, c.oid as root, c.oid as relation, c.relnamespace, c.relname, c.relkind, c.relfilenode, '' as placed,
           false as by_default
      from unnest($1::text[], $2::text[]) as w(schema, name)
      join pg_namespace n on n.nspname = w.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind = 'p'
    union all
    select tree.schema, tree.name, tree.root, c.oid, c.relnamespace, c.relname, c.relkind, c.relfilenode,
           tree.placed || '.' || i.xmin::text, tree.by_default or exists (select from pg_partitioned_table p where p.partdefid = c.oid)
      from tree
      join pg_inherits i on i.inhparent = tree.relation and not i.inhdetachpending
      join pg_class c on c.oid = i.inhrelid
  )
  select tree.schema, tree.name, tree.root::int8 as oid,
         coalesce(json_agg(json_build_object('oid', tree.relation::int8, 'name', n.nspname || '.' || tree.relname,
                                             'file', tree.relfilenode::int8, 'placed', tree.placed,
                                             'isDefault', tree.by_default)
                           order by tree.relation) filter (where tree.relkind = 'r'), '[]')::text as partitions
    from tree join pg_namespace n on n.oid = tree.relnamespace
   group by tree.schema, tree.name, tree.root order by tree.schema, tree.name`;

/** Tables that are not partitioned are left out. */
export async function readPartitions(
  client: Queryable,
  tables: readonly TableName[],
): Promise<readonly PartitionedTable[]> {
  const { rows } = await client.query<TableName & { readonly oid: string; readonly partitions: string }>(
    PARTITIONS,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  return rows.map(({ schema, name, oid, partitions }) => ({
    schema,
    name,
    oid: Number(oid),
    partitions: JSON.parse(partitions) as Partition[],
  }));
}

export interface PartitionContent {
  readonly oid: number;
  /** False only when there cannot be any row. */
  readonly mayHoldRows: boolean;
  /** null: never counted. */
  readonly estimatedRows: number | null;
  /** SQL over the key that holds for exactly the rows that belong into it; null: for all that there can be. */
  readonly condition: string | null;
}

const CONTENT = `
  select c.oid::int8 as oid, pg_relation_size(c.oid) > 0 as filled,
         case when c.reltuples >= 0 then c.reltuples::int8 end as rows, pg_get_partition_constraintdef(c.oid) as condition
    from pg_class c where c.oid = any($1::int8[]::oid[])`;

/**
 * Inside a transaction: every name in a condition is qualified, so that it means the same wherever it is used. One that was
 * dropped meanwhile is left out.
 */
export async function readPartitionContents(
  client: Queryable,
  oids: readonly number[],
): Promise<readonly PartitionContent[]> {
  if (oids.length === 0) return [];
  await client.query('set local search_path = pg_catalog');
  const { rows } = await client.query<{
    readonly oid: string;
    readonly filled: boolean | null;
    readonly rows: string | null;
    readonly condition: string | null;
  }>(CONTENT, [oids]);
  return rows.map(({ oid, filled, rows: estimated, condition }) => ({
    oid: Number(oid),
    mayHoldRows: filled === true,
    estimatedRows: estimated === null ? null : Number(estimated),
    condition: condition === null || condition === '' ? null : condition,
  }));
}
