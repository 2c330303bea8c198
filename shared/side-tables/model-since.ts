// Since when an enrichment has the model that it has now: what was paid before says nothing of what it costs.
import { shadowedBy } from '../contracts/shadow.ts';
import type { Queryable } from '../postgres/connect.ts';
import { CUTOVERS, REVISIONS } from './names.ts';

const SINCE = `
  with newest as (
    select revision, content->'model' as model from ${REVISIONS} where enrichment = $1 order by revision desc limit 1
  ), other as (
    select max(older.revision) as revision from ${REVISIONS} older, newest
     where older.enrichment = $1 and older.content->'model' is distinct from newest.model
  ), changes as (
    select min(own.created_at) as at from ${REVISIONS} own, other where own.enrichment = $1 and own.revision > other.revision
    union all
    select max(began_at) from ${CUTOVERS} where enrichment = $2
  )
  select (max(at) at time zone 'UTC')::date::text as day from changes`;

/** The UTC day on which another model was registered or cut over to; undefined: it never had another. */
export async function modelSince(client: Queryable, enrichment: string): Promise<string | undefined> {
  const { rows } = await client.query<{ day: string | null }>(SINCE, [
    enrichment,
    shadowedBy(enrichment) ?? enrichment,
  ]);
  return rows[0]?.day ?? undefined;
}
