import type { Queryable } from '../../../shared/postgres/connect.ts';

export interface PublishedTable {
  readonly schema: string;
  readonly name: string;
  /** null: every column, and those to come. */
  readonly columns: readonly string[] | null;
  readonly hasRowFilter: boolean;
}

export interface Publication {
  readonly allTables: boolean;
  readonly schemas: boolean;
  readonly owned: boolean;
  readonly publishesAll: boolean;
  readonly viaRoot: boolean;
  readonly tables: readonly PublishedTable[];
}

const PUBLICATION = `
  select p.puballtables as all_tables, p.pubviaroot as via_root,
         p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate as publishes_all,
         exists (select from pg_publication_namespace n where n.pnpubid = p.oid) as schemas,
         pg_has_role(p.pubowner, 'USAGE') as owned
    from pg_publication p where p.pubname = $1`;

const PUBLISHED = `
  select n.nspname::text as schema, c.relname::text as name, r.prqual is not null as has_row_filter,
         (select json_agg(a.attname order by a.attnum)::text from unnest(r.prattrs::int2[]) as k(number)
            join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number) as columns
    from pg_publication_rel r
    join pg_publication p on p.oid = r.prpubid
    join pg_class c on c.oid = r.prrelid
    join pg_namespace n on n.oid = c.relnamespace
   where p.pubname = $1 order by n.nspname, c.relname`;

export async function readPublication(client: Queryable, name: string): Promise<Publication | undefined> {
  const { rows } = await client.query<{
    all_tables: boolean;
    via_root: boolean;
    publishes_all: boolean;
    schemas: boolean;
    owned: boolean;
  }>(PUBLICATION, [name]);
  const row = rows[0];
  if (row === undefined) return undefined;
  const published = await client.query<{
    schema: string;
    name: string;
    has_row_filter: boolean;
    columns: string | null;
  }>(PUBLISHED, [name]);
  return {
    allTables: row.all_tables,
    schemas: row.schemas,
    owned: row.owned,
    publishesAll: row.publishes_all,
    viaRoot: row.via_root,
    tables: published.rows.map((table) => ({
      schema: table.schema,
      name: table.name,
      columns: table.columns === null ? null : (JSON.parse(table.columns) as string[]),
      hasRowFilter: table.has_row_filter,
    })),
  };
}
