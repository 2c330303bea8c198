// Whether the side tables still keep their keys in the types that the source has: what does not fit a type any more is refused
// by it, and what is cast to one with a modifier may become the key of another row.
import type { Definition } from '../config/definition.ts';
import { Fault } from '../errors/policy.ts';
import type { Queryable } from '../postgres/connect.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { keyColumn, stateTable } from './names.ts';
import { readEnrichmentTables } from './read-tables.ts';
import { baseOf } from './types.ts';

const CHANGED = `
  select wanted.column, format_type(theirs.atttypid, theirs.atttypmod) as now, format_type(ours.atttypid, ours.atttypmod) as kept
    from unnest($4::text[], $5::text[]) with ordinality as wanted("column", kept_in, place)
    join pg_namespace schema on schema.nspname = $1
    join pg_class relation on relation.relnamespace = schema.oid and relation.relname = $2
    join pg_attribute theirs on theirs.attrelid = relation.oid and theirs.attname = wanted.column and not theirs.attisdropped
    join pg_type type on type.oid = theirs.atttypid
    join pg_attribute ours on ours.attrelid = $3::regclass and ours.attname = wanted.kept_in
   where ours.atttypid <> (${baseOf('type')}) or ours.atttypmod <> -1
   order by wanted.place limit 1`;

interface ChangedRow {
  readonly column: string;
  readonly now: string;
  readonly kept: string;
}

/** What has changed, in words. What a source's type may have lost in modifiers since needs nothing: a key is kept whole. */
export async function keyTypeChange(
  client: Queryable,
  { enrichments, sources }: Definition,
  names: readonly string[],
): Promise<string | undefined> {
  for (const enrichment of names) {
    const source = sources[enrichments[enrichment]?.from ?? '']?.table;
    if (source === undefined) continue;
    const { keyColumns } = await readEnrichmentTables(client, enrichment);
    const columns = keyColumns.map(({ name }) => name);
    const { rows } = await client.query<ChangedRow>(CHANGED, [
      source.schema,
      source.name,
      stateTable(enrichment),
      columns,
      columns.map(keyColumn),
    ]);
    const [changed] = rows;
    if (changed === undefined) continue;
    const { column, now, kept } = changed;
    return `Key column ${column} of ${source.schema}.${source.name} is ${now}, results of ${enrichment} are kept by ${kept}.`;
  }
  return undefined;
}

/** For a service, which goes on by itself once `init` has altered the side tables. @throws Fault set_up */
export async function requireKeyTypes(
  client: Queryable,
  definition: Definition,
  names: readonly string[],
): Promise<void> {
  const change = await keyTypeChange(client, definition, names);
  if (change !== undefined)
    throw new Fault('set_up', 'key_type_changed', `${change} Run \`afterglow init\`.`);
}

/** What a session has read of side tables and casts to. */
export type KeysRead = Pick<EnrichmentTables, 'enrichment' | 'keyColumns'>;

/** Why a session has to read the side tables anew: their keys are of other types by now than those that it has read. */
export async function keysAltered(client: Queryable, read: Iterable<KeysRead>): Promise<Fault | undefined> {
  for (const { enrichment, keyColumns } of read) {
    const now = await readEnrichmentTables(client, enrichment);
    if (JSON.stringify(now.keyColumns) === JSON.stringify(keyColumns)) continue;
    return new Fault('unavailable', 'key_type_changed', `the side tables of ${enrichment} have been altered`);
  }
  return undefined;
}

/** @throws Fault to read them anew */
export async function requireKeysAsRead(client: Queryable, read: Iterable<KeysRead>): Promise<void> {
  const altered = await keysAltered(client, read);
  if (altered !== undefined) throw altered;
}
