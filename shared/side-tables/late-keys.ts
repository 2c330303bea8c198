// Keys whose last outcome on the topic is older than an earlier one, until a newer one follows or they are redone.
import type { RowKey } from '../contracts/events.ts';
import type { Queryable } from '../postgres/connect.ts';
import { LATE_KEYS } from './names.ts';

export interface LateKey {
  readonly key: RowKey;
  readonly partition: number;
}

/** In the order of their keys, so that two writers wait for each other instead of deadlocking. */
export async function noteLateKeys(
  client: Queryable,
  enrichment: string,
  late: readonly LateKey[],
): Promise<void> {
  await client.query(
    `insert into ${LATE_KEYS} as noted (enrichment, key, partition)
     select distinct on (key) $1, key::jsonb, partition from unnest($2::text[], $3::int4[]) as late(key, partition) order by key
     on conflict (enrichment, key) do update set partition = excluded.partition, noted_at = excluded.noted_at`,
    [enrichment, late.map(({ key }) => JSON.stringify(key)), late.map(({ partition }) => partition)],
  );
}

/** Their newest outcome is their last again. */
export async function settleLateKeys(
  client: Queryable,
  enrichment: string,
  keys: readonly RowKey[],
): Promise<void> {
  await client.query(
    `delete from ${LATE_KEYS} where enrichment = $1 and key = any(array(select key::jsonb from unnest($2::text[]) as texts(key)))`,
    [enrichment, keys.map((key) => JSON.stringify(key))],
  );
}

export interface LatePartition {
  readonly enrichment: string;
  readonly partition: number;
}

export async function latePartitions(client: Queryable): Promise<readonly LatePartition[]> {
  const { rows } = await client.query<LatePartition>(
    `select distinct enrichment, partition from ${LATE_KEYS} order by enrichment, partition`,
  );
  return rows;
}

/** What the database's clock shows, by which keys are noted. */
export async function notingTime(client: Queryable): Promise<string> {
  const { rows } = await client.query<{ at: string }>('select clock_timestamp()::text as at');
  const [found] = rows;
  if (found === undefined) throw new Error('the clock of the database did not answer');
  return found.at;
}

/** Takes away, and returns, those of a partition that were noted before `notedBefore`; what somebody notes at this moment stays. */
export async function takeLateKeys(
  client: Queryable,
  { enrichment, partition }: LatePartition,
  notedBefore: string,
  keysMax: number,
): Promise<readonly RowKey[]> {
  const { rows } = await client.query<{ key: string }>(
    `delete from ${LATE_KEYS} where (enrichment, key) in (
       select enrichment, key from ${LATE_KEYS}
        where enrichment = $1 and partition = $2 and noted_at < $3::timestamptz
        order by key limit $4::int4 for update skip locked)
     returning key::text as key`,
    [enrichment, partition, notedBefore, keysMax],
  );
  return rows.map(({ key }) => JSON.parse(key) as RowKey);
}
