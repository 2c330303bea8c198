import type { TypedColumn } from './enrichment-tables.ts';

/**
 * SQL for the type of `attribute` (a pg_attribute) joined with its `type` and that one's `type_schema`: qualified, so that
 * it means the same whatever the search_path is.
 */
const qualifiedType = (modifier: string): string => `case when type_schema.nspname = 'pg_catalog'
    then format_type(attribute.atttypid, ${modifier})
    else format('%I.%I', type_schema.nspname, type.typname) ||
      case when ${modifier} >= 0 then coalesce(substring(format_type(attribute.atttypid, ${modifier}) from '\\([^()]*\\)$'), '') else '' end end`;

/** Without its modifier, as functions and views have it. */
export const PLAIN_TYPE = qualifiedType('-1');

/** The columns of every relation that `condition` picks, in their order; `relation` and `relation_schema` are in reach. */
export const columnsQuery = (condition: string): string => `
  select relation_schema.nspname::text as schema, relation.relname::text as relation, attribute.attname::text as name,
         ${qualifiedType('attribute.atttypmod')} as type, ${PLAIN_TYPE} as plain_type, attribute.atttypid::int8 as type_oid,
         type_schema.nspname::text as type_schema,
         coalesce((select k.place::int4 from pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality as k(number, place)
           where i.indrelid = relation.oid and i.indisprimary and k.number = attribute.attnum), 0) as key_place
    from pg_class relation
    join pg_namespace relation_schema on relation_schema.oid = relation.relnamespace
    join pg_attribute attribute on attribute.attrelid = relation.oid and attribute.attnum > 0 and not attribute.attisdropped
    join pg_type type on type.oid = attribute.atttypid
    join pg_namespace type_schema on type_schema.oid = type.typnamespace
   where ${condition}
   order by relation_schema.nspname, relation.relname, attribute.attnum`;

export interface ColumnRow extends TypedColumn {
  readonly schema: string;
  readonly relation: string;
  /** Without its modifier, as functions and views have it: 'numeric' for 'numeric(12,2)'. */
  readonly plain_type: string;
  readonly type_oid: string;
  readonly type_schema: string;
  /** Place in the primary key, from 1; 0 when it is not in it. */
  readonly key_place: number;
}
