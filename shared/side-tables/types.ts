import type { TypedColumn } from './enrichment-tables.ts';

/**
 * SQL for the type of `attribute` (a pg_attribute) joined with its `type` and that one's `type_schema`: qualified, so that
 * it means the same whatever the search_path is.
 */
const qualifiedType = (modifier: string): string => `case when type_schema.nspname = 'pg_catalog'
    then format_type(attribute.atttypid, ${modifier})
    else format('%I.%I', type_schema.nspname, type.typname) ||
      case when ${modifier} >= 0 then coalesce(substring(format_type(attribute.atttypid, ${modifier}) from '\\([^()]*\\)$'), '') else '' end end`;

/** SQL for the oid of the type under a domain, and under a domain over that; of any other `type` (a pg_type) its own. */
export const baseOf = (type: string): string => `with recursive chain(oid, below, kind) as (
      select ${type}.oid, ${type}.typbasetype, ${type}.typtype
      union all select under.oid, under.typbasetype, under.typtype from chain join pg_type under on under.oid = chain.below and chain.kind = 'd'
    ) select chain.oid from chain where chain.kind <> 'd'`;

/** Without its modifier, as functions and views have it. */
export const PLAIN_TYPE = qualifiedType('-1');

/**
 * To what a key is cast: what is cast to a type with a modifier is cut to it without a word, also as a domain's base, and so
 * would the key of another row after the application has widened its column.
 */
const WHOLE_TYPE = `case when whole_schema.nspname = 'pg_catalog' then format_type(whole.oid, -1)
    else format('%I.%I', whole_schema.nspname, whole.typname) end`;

/** The columns of every relation that `condition` picks, in their order; `relation` and `relation_schema` are in reach. */
export const columnsQuery = (condition: string): string => `
  select relation_schema.nspname::text as schema, relation.relname::text as relation, attribute.attname::text as name,
         ${qualifiedType('attribute.atttypmod')} as type, ${PLAIN_TYPE} as plain_type, attribute.atttypid::int8 as type_oid,
         (select format('%I.%I', place.nspname, own.collname) from pg_collation own
            join pg_namespace place on place.oid = own.collnamespace
           where own.oid = attribute.attcollation and attribute.attcollation <> whole.typcollation) as collation,
         ${WHOLE_TYPE} as whole_type, whole_schema.nspname::text as whole_type_schema,
         coalesce((select k.place::int4 from pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality as k(number, place)
           where i.indrelid = relation.oid and i.indisprimary and k.number = attribute.attnum), 0) as key_place
    from pg_class relation
    join pg_namespace relation_schema on relation_schema.oid = relation.relnamespace
    join pg_attribute attribute on attribute.attrelid = relation.oid and attribute.attnum > 0 and not attribute.attisdropped
    join pg_type type on type.oid = attribute.atttypid
    join pg_namespace type_schema on type_schema.oid = type.typnamespace
    join pg_type whole on whole.oid = (${baseOf('type')})
    join pg_namespace whole_schema on whole_schema.oid = whole.typnamespace
   where ${condition}
   order by relation_schema.nspname, relation.relname, attribute.attnum`;

export interface ColumnRow extends Pick<TypedColumn, 'name' | 'type'> {
  readonly schema: string;
  readonly relation: string;
  /** Without its modifier, as functions and views have it: 'numeric' for 'numeric(12,2)'. */
  readonly plain_type: string;
  readonly type_oid: string;
  /** SQL of the one that the column has instead of that of its type; null: none. */
  readonly collation: string | null;
  /** What its values can be cast to and stay whole: without a modifier, and of a domain its base. */
  readonly whole_type: string;
  readonly whole_type_schema: string;
  /** Place in the primary key, from 1; 0 when it is not in it. */
  readonly key_place: number;
}
