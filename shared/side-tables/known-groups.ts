// What each consumer group committed last, beside what Kafka itself remembers: Kafka forgets groups that were away too long.
import type { Queryable } from '../postgres/connect.ts';
import { KNOWN_GROUPS } from './names.ts';

export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  /** Next offset wanted. */
  readonly offset: bigint;
}

/** As last remembered; a partition that is not among them was never committed. */
export async function readGroupOffsets(client: Queryable, group: string): Promise<readonly GroupOffset[]> {
  const { rows } = await client.query<{ topic: string; partition: number; offset: string }>(
    `select topic, partition, last_offset::text as offset from ${KNOWN_GROUPS} where group_id = $1`,
    [group],
  );
  return rows.map(({ topic, partition, offset }) => ({ topic, partition, offset: BigInt(offset) }));
}

export async function rememberGroupOffsets(
  client: Queryable,
  group: string,
  offsets: readonly GroupOffset[],
): Promise<void> {
  if (offsets.length === 0) return;
  await client.query(
    `insert into ${KNOWN_GROUPS} as known (group_id, topic, partition, last_offset)
     select $1, topic, partition, last_offset from unnest($2::text[], $3::int4[], $4::int8[]) as committed(topic, partition, last_offset)
      order by topic, partition
     on conflict (group_id, topic, partition) do update set last_offset = excluded.last_offset`,
    [
      group,
      offsets.map(({ topic }) => topic),
      offsets.map(({ partition }) => partition),
      offsets.map(({ offset }) => String(offset)),
    ],
  );
}

export async function forgetGroupOffsets(
  client: Queryable,
  group: string,
  places: readonly Pick<GroupOffset, 'topic' | 'partition'>[],
): Promise<void> {
  await client.query(
    `delete from ${KNOWN_GROUPS} known using unnest($2::text[], $3::int4[]) as forgotten(topic, partition)
      where known.group_id = $1 and known.topic = forgotten.topic and known.partition = forgotten.partition`,
    [group, places.map(({ topic }) => topic), places.map(({ partition }) => partition)],
  );
}

/** Up to where it is recorded that outcomes may have been compacted away before this group took them. */
export async function readCompactedBefore(client: Queryable, group: string): Promise<readonly GroupOffset[]> {
  const { rows } = await client.query<{ topic: string; partition: number; offset: string }>(
    `select topic, partition, compacted_before::text as offset from ${KNOWN_GROUPS}
      where group_id = $1 and compacted_before is not null`,
    [group],
  );
  return rows.map(({ topic, partition, offset }) => ({ topic, partition, offset: BigInt(offset) }));
}

/** Of partitions that the group has committed. */
export async function rememberCompactedBefore(
  client: Queryable,
  group: string,
  places: readonly (GroupOffset & { readonly committed: bigint })[],
): Promise<void> {
  await client.query(
    `insert into ${KNOWN_GROUPS} as known (group_id, topic, partition, last_offset, compacted_before)
     select $1, topic, partition, committed, before
       from unnest($2::text[], $3::int4[], $4::int8[], $5::int8[]) as found(topic, partition, committed, before)
      order by topic, partition
     on conflict (group_id, topic, partition) do update set compacted_before = excluded.compacted_before`,
    [
      group,
      places.map(({ topic }) => topic),
      places.map(({ partition }) => partition),
      places.map(({ committed }) => String(committed)),
      places.map(({ offset }) => String(offset)),
    ],
  );
}

/** Processes of one group look one after the other, until the end of the transaction. */
export async function lockGroup(client: Queryable, group: string): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(${GROUP_LOCK}, hashtext($1))`, [group]);
}

/** 'aftg' as four bytes, beside which the second key names the group. */
const GROUP_LOCK = 0x61667467;
