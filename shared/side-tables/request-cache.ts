// Answers of models that are paid by the call, shared by all processes of all enrichments.
import type { Queryable } from '../postgres/connect.ts';
import { REQUEST_CACHE } from './names.ts';

export interface CachedRequest {
  /** JSON of what the model answered for the item. */
  readonly result: string;
  /** What it cost when it was paid. */
  readonly costNanoUsd: number;
}

export interface RequestToCache extends CachedRequest {
  /** Hexadecimal. */
  readonly requestHash: string;
}

// The array as the answer of a select: so its length is no part of the plan, which is made once instead of for every look. One
// hash after the other, since a join could be planned while there is little, and would then read all of it.
const READ = {
  name: 'request_cache_read',
  text: `select asked.place::int4 as place, cached.result, cached.cost_nano_usd::text as cost
    from unnest((select $1::text[])) with ordinality as asked(hash, place)
    cross join lateral (select * from ${REQUEST_CACHE} as known
      where known.request_hash = decode(asked.hash, 'hex') limit 1) as cached
   where cached.stored_at > now() - make_interval(secs => $2)`,
};

/** One per hash, in order; undefined: nobody has paid for it yet, or too long ago. */
export async function readRequests(
  client: Queryable,
  requestHashes: readonly string[],
  keptMs: number,
): Promise<readonly (CachedRequest | undefined)[]> {
  const { rows } = await client.query<{ place: number; result: string; cost: string }>({
    ...READ,
    values: [requestHashes, keptMs / 1_000],
  });
  const found = new Map(
    rows.map(({ place, result, cost }) => [place, { result, costNanoUsd: Number(cost) }]),
  );
  return requestHashes.map((_, index) => found.get(index + 1));
}

// What another process stored meanwhile is as good; only what has run out is replaced. Sorted, so that two writers wait
// for each other instead of deadlocking.
const STORE = {
  name: 'request_cache_store',
  text: `insert into ${REQUEST_CACHE} as cached (request_hash, enrichment, result, cost_nano_usd)
    select distinct on (hash) decode(hash, 'hex'), $1, result, cost from unnest($2::text[], $3::text[], $4::int8[]) as paid(hash, result, cost)
     order by hash
    on conflict (request_hash) do update
       set enrichment = excluded.enrichment, result = excluded.result, cost_nano_usd = excluded.cost_nano_usd, stored_at = now()
     where cached.stored_at <= now() - make_interval(secs => $5)`,
};

/** Durable when it resolves. */
export async function storeRequests(
  client: Queryable,
  enrichment: string,
  requests: readonly RequestToCache[],
  keptMs: number,
): Promise<void> {
  const values = [
    enrichment,
    requests.map(({ requestHash }) => requestHash),
    requests.map(({ result }) => result),
    requests.map(({ costNanoUsd }) => costNanoUsd),
    keptMs / 1_000,
  ];
  await client.query({ ...STORE, values });
}

export interface CacheBounds {
  readonly keptMs: number;
  readonly rowsMax: number;
}

const FORGOTTEN_AT_ONCE_MAX = 5_000;

// The oldest go first; in portions, so that nobody waits for their locks.
const FORGET = `
  delete from ${REQUEST_CACHE} where request_hash in (
    select request_hash from ${REQUEST_CACHE} order by stored_at
     limit least(${FORGOTTEN_AT_ONCE_MAX}, greatest((select count(*) - $2::int8 from ${REQUEST_CACHE}),
       (select count(*) from ${REQUEST_CACHE} where stored_at <= now() - make_interval(secs => $1))))
     for update skip locked)`;

/** Forgets what is too old and what is too much. Returns how many were forgotten. */
export async function forgetRequests(client: Queryable, { keptMs, rowsMax }: CacheBounds): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const { rowCount } = await client.query(FORGET, [keptMs / 1_000, rowsMax]);
    forgotten += rowCount ?? 0;
    if ((rowCount ?? 0) < FORGOTTEN_AT_ONCE_MAX) return forgotten;
  }
}
