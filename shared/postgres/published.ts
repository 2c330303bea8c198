// What of the sources is published, as the catalog numbers it: a publication or table that was dropped and made anew has
// another number, and rows committed in between are never decoded, without any error.
import type { Queryable } from './connect.ts';

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface PublishedTable extends TableName {
  /** null: there is no such table. */
  readonly oid: number | null;
  readonly isPartitioned: boolean;
  /** Number of the table's, or its schema's, place in the publication; null when it has none: all tables are published. */
  readonly member: number | null;
  readonly isPublished: boolean;
  /** null: all columns. */
  readonly columns: readonly string[] | null;
  /** Names and types of the published columns. */
  readonly types: readonly (readonly [name: string, oid: number])[];
  readonly filter: string | null;
  readonly identity: string | null;
  readonly key: readonly string[];
}

export interface PublishedObjects {
  /** null: there is no such publication. */
  readonly publication: number | null;
  /**
   * The transaction that last altered what the publication publishes. Another one, and everything as it was: in between it may
   * have left something out. Freezing keeps it, and a table's place in the publication is never altered, only made anew.
   */
  readonly alteredBy: string | null;
  /** Whether inserts, updates, deletes and truncates all are. */
  readonly isWhole: boolean;
  /** Whether changes of a partition are told as those of the partitioned table. */
  readonly isByRoot: boolean;
  readonly tables: readonly PublishedTable[];
}

const PUBLICATION = `
  select oid::int8 as oid, xmin::text as altered_by, pubviaroot as by_root,
         pubinsert and pubupdate and pubdelete and pubtruncate as whole
    from pg_publication where pubname = $1`;

const TABLES = `
  select w.schema, w.name, c.oid::int8 as oid, c.relkind is not distinct from 'p' as partitioned, c.relreplident::text as identity,
         coalesce(member.oid, in_schema.oid)::int8 as member,
         exists (select from pg_publication_tables p
                  where p.pubname = $1 and p.schemaname = w.schema and p.tablename = w.name) as published,
         pg_get_expr(member.prqual, member.prrelid) as filter,
         case when member.prattrs is not null then
           (select json_agg(a.attname order by a.attnum)::text from pg_attribute a
             where a.attrelid = c.oid and a.attnum = any(member.prattrs::int2[])) end as columns,
         (select coalesce(json_agg(json_build_array(a.attname, a.atttypid::int8) order by a.attnum), '[]')::text
            from pg_attribute a
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             and (member.prattrs is null or a.attnum = any(member.prattrs::int2[]))) as types,
         coalesce((select json_agg(a.attname order by k.place)::text
            from pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality as k(number, place)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
           where i.indrelid = c.oid and k.place <= i.indnkeyatts
             and case c.relreplident when 'i' then i.indisreplident when 'n' then false else i.indisprimary end), '[]') as key
    from unnest($2::text[], $3::text[]) as w(schema, name)
    left join pg_namespace n on n.nspname = w.schema
    left join pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p')
    left join pg_publication publication on publication.pubname = $1
    left join pg_publication_rel member on member.prrelid = c.oid and member.prpubid = publication.oid
    left join pg_publication_namespace in_schema on in_schema.pnnspid = n.oid and in_schema.pnpubid = publication.oid
   order by w.schema, w.name`;

interface PublicationRow {
  readonly oid: string;
  readonly altered_by: string;
  readonly by_root: boolean;
  readonly whole: boolean;
}

interface TableRow {
  readonly schema: string;
  readonly name: string;
  readonly oid: string | null;
  readonly partitioned: boolean;
  readonly member: string | null;
  readonly identity: string | null;
  readonly published: boolean;
  readonly filter: string | null;
  /** JSON, as text: clients differ in whether they parse it. */
  readonly columns: string | null;
  readonly types: string;
  readonly key: string;
}

export async function readPublished(
  client: Queryable,
  publication: string,
  tables: readonly TableName[],
): Promise<PublishedObjects> {
  const { rows: publications } = await client.query<PublicationRow>(PUBLICATION, [publication]);
  const { rows } = await client.query<TableRow>(TABLES, [
    publication,
    tables.map(({ schema }) => schema),
    tables.map(({ name }) => name),
  ]);
  const [found] = publications;
  return {
    publication: found === undefined ? null : Number(found.oid),
    alteredBy: found?.altered_by ?? null,
    isWhole: found?.whole ?? false,
    isByRoot: found?.by_root ?? false,
    tables: rows.map((row) => ({
      schema: row.schema,
      name: row.name,
      oid: row.oid === null ? null : Number(row.oid),
      isPartitioned: row.partitioned,
      member: row.member === null ? null : Number(row.member),
      isPublished: row.published,
      columns: row.columns === null ? null : (JSON.parse(row.columns) as string[]),
      types: JSON.parse(row.types) as [string, number][],
      filter: row.filter,
      identity: row.identity,
      key: JSON.parse(row.key) as string[],
    })),
  };
}
