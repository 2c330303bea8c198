// When the application drops a column of a source or changes its type, the query of the view's function no longer fits. The
// function made here writes it anew from the catalog, as `init` would, so that the writer can have that done without being
// allowed to write functions: it runs with its owner's rights and takes nothing from whoever calls it.
import { type Queryable, quoteIdentifier } from '../postgres/connect.ts';
import { dollarQuoted, INIT_LOCK, mendFunction, qualifiedName, viewFunction } from './names.ts';
import { PLAIN_TYPE } from './types.ts';
import {
  type EnrichedSource,
  type ExistingViewColumn,
  enrichmentColumnNames,
  grownViewColumns,
  viewColumnQuery,
  viewFrom,
} from './views.ts';

export function mendFunctionBody(
  source: EnrichedSource,
  existing: readonly ExistingViewColumn[],
  version: number,
): string {
  const ours = enrichmentColumnNames(source);
  const grown = grownViewColumns(source, existing);
  // One of ours is as it is; one of the source is looked up when it is mended.
  const columns = grown.map(({ name, type }, index) => {
    const query = ours.has(name)
      ? dollarQuoted(viewColumnQuery(source, existing, { name, type }))
      : 'null::text';
    return `(${index + 1}, ${dollarQuoted(quoteIdentifier(name))}, ${query})`;
  });
  const signature = `${viewFunction(source.source, version)}()`;
  const table = qualifiedName(source.table.schema, source.table.name);
  return `
declare
  wanted text;
  returned text;
begin
  -- Set-up, or another writer, is at it already.
  if not pg_try_advisory_xact_lock(${INIT_LOCK}) then return false; end if;
  -- The types that the view has, by the names that they have now.
  select E'\\nselect\\n  ' || string_agg(coalesce(known.query, case
      when now.oid is null then 'null::' || declared.type
      when now.oid = declared.oid then 'source.' || known.label
      when exists (select from pg_cast where castsource = now.oid and casttarget = declared.oid)
        then 'source.' || known.label || '::' || declared.type
      else 'source.' || known.label || '::text::' || declared.type end) || ' as ' || known.label, E',\\n  ' order by known.place)
      || E'\\nfrom ' || ${dollarQuoted(viewFrom(source))} || E'\\n',
      string_agg(known.label || ' ' || declared.type, ', ' order by known.place)
    into wanted, returned
    from (values
      ${columns.join(',\n      ')}
    ) as known(place, label, query)
    join (
      select attribute.place, attribute.atttypid as oid, ${PLAIN_TYPE} as type
        from pg_proc made
        cross join lateral unnest(made.proallargtypes) with ordinality as attribute(atttypid, place)
        join pg_type type on type.oid = attribute.atttypid
        join pg_namespace type_schema on type_schema.oid = type.typnamespace
       where made.oid = to_regprocedure(${dollarQuoted(signature)})
    ) as declared on declared.place = known.place
    left join (
      select '"' || replace(attribute.attname, '"', '""') || '"' as label, attribute.atttypid as oid
        from pg_attribute attribute
       where attribute.attrelid = to_regclass(${dollarQuoted(table)})
         and attribute.attnum > 0 and not attribute.attisdropped
    ) as now on now.label = known.label;
  if wanted is not distinct from (select prosrc from pg_proc where oid = to_regprocedure(${dollarQuoted(signature)})) then
    return false;
  end if;
  execute ${dollarQuoted(`create or replace function ${signature}\nreturns table (`)} || returned
    || ${dollarQuoted(')\nlanguage sql stable parallel safe\nas ')} || quote_literal(wanted);
  return true;
end`;
}

/** For the role of the writer alone. */
export function mendFunctionStatements(source: string, body: string, writer: string): readonly string[] {
  const name = `${mendFunction(source)}()`;
  return [
    `create or replace function ${name} returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as ${dollarQuoted(body)}`,
    `revoke all on function ${name} from public`,
    `grant execute on function ${name} to ${quoteIdentifier(writer)}`,
  ];
}

/** Whether the query of the view was written anew; false, too, where an earlier init left no such function. */
export async function mendView(client: Queryable, source: string): Promise<boolean> {
  const name = `${mendFunction(source)}()`;
  const { rows: found } = await client.query<{ present: boolean }>(
    'select to_regprocedure($1) is not null as present',
    [name],
  );
  if (found[0]?.present !== true) return false;
  const { rows } = await client.query<{ mended: boolean }>(`select ${name} as mended`);
  return rows[0]?.mended === true;
}
