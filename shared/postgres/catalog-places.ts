// What a relation is now that the log tells of under the name of an earlier time.
import type { Queryable } from './connect.ts';
import type { TableName } from './published.ts';

export interface CatalogPlace extends TableName {
  readonly isPublished: boolean;
}

const PLACES = `
  select n.nspname as schema, c.relname as name,
         exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
                  where p.pubname = $2 and r.prrelid = c.oid) as published
    from (select $1::int8::oid as oid, 0 as above
          union all
          select a.relid::oid, a.above::int4
            from pg_partition_ancestors($1::int8::oid::regclass) with ordinality as a(relid, above)
           where a.relid <> $1::int8::oid) as place
    join pg_class c on c.oid = place.oid join pg_namespace n on n.oid = c.relnamespace
   order by place.above`;

/** The relation itself, then what it is a partition of, the nearest first. Empty: there is none any more. */
export async function readCatalogPlaces(
  client: Queryable,
  publication: string,
  oid: number,
): Promise<readonly CatalogPlace[]> {
  const { rows } = await client.query<TableName & { readonly published: boolean }>(PLACES, [
    oid,
    publication,
  ]);
  return rows.map(({ schema, name, published }) => ({ schema, name, isPublished: published }));
}
