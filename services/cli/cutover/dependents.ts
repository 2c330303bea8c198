// What others have built on tables that change places: PostgreSQL knows it by the table, whatever that is called later.
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { INDEX_PURPOSES, indexName, qualifiedName } from '../../../shared/side-tables/names.ts';
import { tablePairs } from './table-pairs.ts';

/** What shows rows of a table elsewhere, or acts on them; then indexes, which only make a table faster. */
const DEPENDENTS = `
  select distinct pg_describe_object(dependent.classid, dependent.objid, 0) as what, dependent.is_index
    from (
      select case when d.classid = 'pg_rewrite'::regclass then 'pg_class'::regclass::oid else d.classid end as classid,
             coalesce(rule.ev_class, d.objid) as objid, coalesce(relation.relkind = 'i' or c.contype in ('u', 'x'), false) as is_index
        from pg_depend d
        left join pg_rewrite rule on d.classid = 'pg_rewrite'::regclass and rule.oid = d.objid
        left join pg_class relation on d.classid = 'pg_class'::regclass and relation.oid = d.objid
        left join pg_constraint c on d.classid = 'pg_constraint'::regclass and c.oid = d.objid
        left join pg_trigger t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
        left join pg_policy p on d.classid = 'pg_policy'::regclass and p.oid = d.objid
       where d.refclassid = 'pg_class'::regclass and d.refobjid = any($1::regclass[]) and d.deptype in ('n', 'a')
         and (d.classid in ('pg_rewrite'::regclass, 'pg_proc'::regclass, 'pg_publication_rel'::regclass)
              or relation.relkind in ('r', 'p', 'f') or relation.relkind = 'i' and relation.relname <> all($2)
              or c.contype in ('f', 'u', 'x') or not t.tgisinternal or p.polrelid <> all($1::regclass[]))
    ) as dependent
   order by 1`;

/** Returns indexes of others, which stay with the tables that they are on. @throws AfterglowError others_depend */
export async function requireNoDependents(client: Queryable, enrichment: string): Promise<readonly string[]> {
  const pairs = tablePairs(enrichment);
  const tables = pairs.flatMap(({ own, other }) => [own, other]);
  const { rows } = await client.query<{ what: string; is_index: boolean }>(DEPENDENTS, [
    pairs.flatMap(({ schema, own, other }) => [qualifiedName(schema, own), qualifiedName(schema, other)]),
    tables.flatMap((table) => INDEX_PURPOSES.map((purpose) => indexName(table, purpose))),
  ]);
  const others = rows.filter(({ is_index: isIndex }) => !isIndex).map(({ what }) => what);
  if (others.length === 0) return rows.map(({ what }) => what);
  throw new AfterglowError(
    'others_depend',
    `It would go on with the tables of the model of before: ${others.join(', ')}.`,
    {
      remedy: `Drop it before and make it again behind the cut-over, or make it from the view afterglow.<source>_enriched, which stays.`,
    },
  );
}
