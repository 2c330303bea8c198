// afterglow.similar(): the rows whose texts are most like a vector, best first, each once. Filtering comes after an index over
// vectors, and a text may have several chunks: so the index is asked for more until there are enough rows.
import { quoteIdentifier, quoteLiteral } from '../postgres/connect.ts';
import { CHUNK_COLUMNS, VECTOR_COLUMN } from './enrichment-tables.ts';
import { dollarQuoted, SCHEMA, similarFunction } from './names.ts';

const [CHUNK] = CHUNK_COLUMNS.map(({ name }) => name);
const K_MAX = 1_000;
/** Candidates that the index looks at together; with an iterative scan it goes on from there. */
const CANDIDATES = 100;

export function similarFunctionBody(vectorSchema: string): string {
  const vectors = quoteIdentifier(vectorSchema);
  const nearest = `select array_agg(best.key order by best.distance, best.key), array_agg(best.chunk order by best.distance, best.key),
           array_agg(1 - best.distance order by best.distance, best.key), max(best.fetched)
      from (select distinct on (near.key) near.*
              from (select jsonb_build_object(%s) as key, stored.chunk, stored.distance, count(*) over () as fetched
                      from (select *, ${VECTOR_COLUMN} operator(${vectors}.<=>) $1 as distance from ${quoteIdentifier(SCHEMA)}.%I
                             order by ${VECTOR_COLUMN} operator(${vectors}.<=>) $1 limit $2) as stored) as near
             order by near.key, near.distance) as best`;
  return `
declare
  key_columns text;
  taken integer := 2 * k;
  fetched bigint;
  keys jsonb[];
  chunks integer[];
  similarities double precision[];
begin
  if k is null or k < 1 or k > ${K_MAX} then
    raise exception 'k is a number from 1 to ${K_MAX}' using errcode = '22023';
  end if;
  if ${vectors}.l2_norm(query) = 0 then
    raise exception 'nothing is like a vector of zeros' using errcode = '22023';
  end if;
  select string_agg(format('%L, stored.%I', attribute.attname, attribute.attname), ', ' order by key.place) into key_columns
    from pg_catalog.pg_class relation
    join pg_catalog.pg_index index on index.indrelid = relation.oid and index.indisprimary
    cross join lateral unnest(index.indkey::int2[]) with ordinality as key(number, place)
    join pg_catalog.pg_attribute attribute on attribute.attrelid = relation.oid and attribute.attnum = key.number
   where relation.relnamespace = ${quoteLiteral(SCHEMA)}::regnamespace and relation.relname = enrichment and attribute.attname <> ${quoteLiteral(CHUNK ?? '')}
     and exists (select from pg_catalog.pg_attribute vector
                  where vector.attrelid = relation.oid and vector.attname = ${quoteLiteral(VECTOR_COLUMN)} and not vector.attisdropped);
  if key_columns is null then
    raise exception 'there is no enrichment "%" that makes vectors', enrichment using errcode = '22023';
  end if;
  loop
    execute format(${dollarQuoted(nearest)}, key_columns, enrichment)
      into keys, chunks, similarities, fetched using query, taken;
    exit when cardinality(keys) >= k or fetched < taken or fetched is null;
    taken := 4 * taken;
  end loop;
  return query
    select found.key, found.chunk, found.similarity
      from unnest(keys, chunks, similarities) with ordinality as found(key, chunk, similarity, place)
     where min_similarity is null or found.similarity >= min_similarity
     order by found.place limit k;
end`;
}

/** In the caller's rights: whoever may read the table of the results may search it. */
export function similarFunctionStatements(vectorSchema: string, body: string): readonly string[] {
  const vectors = quoteIdentifier(vectorSchema);
  return [
    // What a function sets has to be known to the server, and it knows the index's settings once its library is loaded.
    `do $$ begin perform '[1]'::${vectors}.halfvec; end $$`,
    `create or replace function ${similarFunction}(enrichment text, query ${vectors}.halfvec, k integer default 10, min_similarity double precision default null)
returns table (key jsonb, chunk integer, similarity double precision)
language plpgsql stable set hnsw.iterative_scan = strict_order set hnsw.ef_search = ${CANDIDATES}
as ${dollarQuoted(body)}`,
  ];
}
