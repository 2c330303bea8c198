import type { Queryable } from './connect.ts';

/** A column as the database describes it. Plain data: it is registered beside a revision and read without a database. */
export interface Column {
  readonly name: string;
  /** SQL text that means the same under every search_path: 'numeric(12,2)', 'public.merchant_category', 'text[]'. */
  readonly type: string;
  /** What its values can be cast to and stay whole: without a modifier, which would cut them, and of a domain its base. */
  readonly wholeType: string;
  /** Name of the type the values have: domains resolved, of an array its element's. 'numeric', 'int8', 'merchant_category'. */
  readonly base: string;
  readonly array: boolean;
  /** Oid of the column's own type, as the log sends it. */
  readonly typeOid: number;
  readonly nullable: boolean;
  /** The labels in their order, when it is an enum. */
  readonly labels: readonly string[] | null;
  /** Generated columns are not in the log unless the publication says so. */
  readonly generated: 'stored' | 'virtual' | null;
  /** False: two different texts may be equal to the database, so it cannot be part of a key. */
  readonly collationDeterministic: boolean;
  readonly comment: string | null;
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly oid: number;
  readonly kind: 'table' | 'partitioned' | 'other';
  readonly comment: string | null;
  readonly columns: readonly Column[];
  readonly replicaIdentity: 'default' | 'index' | 'full' | 'nothing';
  /** The columns that name a row, in index order; empty when there is no replica identity. */
  readonly key: readonly string[];
}

export interface Catalog {
  readonly tables: readonly Table[];
}

export function findTable(catalog: Catalog, wanted: { schema: string; name: string }): Table | undefined {
  return catalog.tables.find((table) => table.schema === wanted.schema && table.name === wanted.name);
}

// DEFAULT and FULL are named by the primary key, INDEX by the index chosen; NOTHING has no key at all.
const TABLES = `
  select n.nspname as schema, c.relname as name, c.oid::int8 as oid, c.relkind as kind, c.relreplident as identity,
         obj_description(c.oid, 'pg_class') as comment,
         coalesce((select json_agg(a.attname order by k.place)::text
            from pg_index i
            cross join lateral unnest(i.indkey::int2[]) with ordinality as k(number, place)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
           where i.indrelid = c.oid and k.place <= i.indnkeyatts
             and case c.relreplident when 'i' then i.indisreplident when 'n' then false else i.indisprimary end), '[]') as key
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f')
     and n.nspname not in ('pg_catalog', 'information_schema', 'afterglow', 'afterglow_internal')
     and n.nspname !~ '^pg_(toast|temp)' and not c.relispartition
   order by n.nspname, c.relname`;

// PostgreSQL writes a type without its schema when the search_path finds it, so there the schema is put before it.
// A domain over a domain has its base at the end of the chain, and any link may forbid NULL.
const COLUMNS = `
  with recursive chain as (
    select oid as domain, typbasetype as base, typnotnull as not_null from pg_type where typtype = 'd'
    union all
    select chain.domain, t.typbasetype, t.typnotnull from chain join pg_type t on t.oid = chain.base where t.typtype = 'd'
  ), domains as (
    select chain.domain, bool_or(chain.not_null) as not_null,
           min(chain.base::int8) filter (where t.typtype <> 'd') as base
      from chain join pg_type t on t.oid = chain.base group by chain.domain
  )
  select a.attrelid::int8 as table_oid, a.attname as name,
         case when place.nspname <> 'pg_catalog' and pg_type_is_visible(named.oid) then quote_ident(place.nspname) || '.'
              else '' end || format_type(a.atttypid, a.atttypmod) as type,
         case when whole.nspname = 'pg_catalog' then format_type(resolved.oid, -1)
              else quote_ident(whole.nspname) || '.' || quote_ident(resolved.name) end as whole_type,
         a.atttypid::int8 as type_oid, base.typname as base, resolved.is_array as array,
         not (a.attnotnull or coalesce(d.not_null, false)) as nullable, a.attgenerated as generated,
         coalesce(coll.collisdeterministic, true) as collation_deterministic,
         col_description(a.attrelid, a.attnum) as comment,
         (select json_agg(e.enumlabel order by e.enumsortorder)::text from pg_enum e where e.enumtypid = base.oid) as labels
    from pg_attribute a
    join pg_type own on own.oid = a.atttypid
    join pg_type named on named.oid
       = case when own.typelem <> 0 and own.typcategory = 'A' and own.typlen = -1 then own.typelem else own.oid end
    join pg_namespace place on place.oid = named.typnamespace
    left join domains d on d.domain = a.atttypid
    join lateral (select t.oid, t.typname as name, t.typnamespace, t.typelem, t.typcategory = 'A' and t.typlen = -1 and t.typdelim = ',' as is_array
                    from pg_type t where t.oid = coalesce(d.base, a.atttypid::int8)::oid) resolved on true
    join pg_namespace whole on whole.oid = resolved.typnamespace
    left join domains element on resolved.is_array and element.domain = resolved.typelem
    join pg_type base
      on base.oid = case when resolved.is_array then coalesce(element.base, resolved.typelem::int8)::oid else resolved.oid end
    left join pg_collation coll on coll.oid = a.attcollation
   where a.attnum > 0 and not a.attisdropped and a.attrelid = any($1::int8[]::oid[])
   order by a.attrelid, a.attnum`;

interface TableRow {
  readonly schema: string;
  readonly name: string;
  readonly oid: string;
  readonly kind: string;
  readonly identity: string;
  readonly comment: string | null;
  /** JSON, as text: clients differ in whether they parse it. */
  readonly key: string;
}

interface ColumnRow {
  readonly table_oid: string;
  readonly name: string;
  readonly type: string;
  readonly whole_type: string;
  readonly type_oid: string;
  readonly base: string;
  readonly array: boolean;
  readonly nullable: boolean;
  readonly generated: string;
  readonly collation_deterministic: boolean;
  readonly comment: string | null;
  readonly labels: string | null;
}

const IDENTITY = { d: 'default', i: 'index', f: 'full', n: 'nothing' } as const;
const KIND: Readonly<Record<string, Table['kind']>> = { r: 'table', p: 'partitioned' };
const GENERATED: Readonly<Record<string, Column['generated']>> = { s: 'stored', v: 'virtual' };

/** Every table the connected role can see in the catalog, without the system's and our own. */
export async function readCatalog(client: Queryable): Promise<Catalog> {
  const tables = (await client.query<TableRow>(TABLES)).rows;
  const columns = (await client.query<ColumnRow>(COLUMNS, [tables.map((table) => table.oid)])).rows;
  const columnsOf = Map.groupBy(columns, (column) => column.table_oid);
  return {
    tables: tables.map((table) => ({
      schema: table.schema,
      name: table.name,
      oid: Number(table.oid),
      kind: KIND[table.kind] ?? 'other',
      comment: table.comment,
      columns: (columnsOf.get(table.oid) ?? []).map(toColumn),
      replicaIdentity: IDENTITY[table.identity as keyof typeof IDENTITY],
      key: JSON.parse(table.key) as string[],
    })),
  };
}

function toColumn(row: ColumnRow): Column {
  return {
    name: row.name,
    type: row.type,
    wholeType: row.whole_type,
    base: row.base,
    array: row.array,
    typeOid: Number(row.type_oid),
    nullable: row.nullable,
    labels: row.labels === null ? null : (JSON.parse(row.labels) as string[]),
    generated: GENERATED[row.generated] ?? null,
    collationDeterministic: row.collation_deterministic,
    comment: row.comment,
  };
}
