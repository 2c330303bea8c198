// How often the workers of a group ended by their own error at the same place.
import type { Queryable } from '../postgres/connect.ts';
import { CRASH_COUNTS } from './names.ts';

export interface CrashCount {
  readonly topic: string;
  readonly partition: number;
  /** The first that was not committed. */
  readonly firstOffset: bigint;
  readonly ends: number;
  /** The newest that was under way. */
  readonly newestOffset: bigint;
  /** The row that was alone under way, and how often. */
  readonly row: { readonly offset: bigint; readonly ends: number } | undefined;
}

interface CountRow {
  readonly topic: string;
  readonly partition: number;
  readonly first: string;
  readonly ends: number;
  readonly newest: string;
  readonly row_offset: string | null;
  readonly row_ends: number;
}

export async function readCrashCounts(client: Queryable, group: string): Promise<readonly CrashCount[]> {
  const { rows } = await client.query<CountRow>(
    `select topic, partition, first_offset::text as first, ends, newest_offset::text as newest, row_offset::text as row_offset, row_ends
       from ${CRASH_COUNTS} where group_id = $1`,
    [group],
  );
  return rows.map((row) => ({
    topic: row.topic,
    partition: row.partition,
    firstOffset: BigInt(row.first),
    ends: row.ends,
    newestOffset: BigInt(row.newest),
    row: row.row_offset === null ? undefined : { offset: BigInt(row.row_offset), ends: row.row_ends },
  }));
}

export async function storeCrashCount(client: Queryable, group: string, count: CrashCount): Promise<void> {
  const { topic, partition, firstOffset, ends, newestOffset, row } = count;
  await client.query(
    `insert into ${CRASH_COUNTS} (group_id, topic, partition, first_offset, ends, newest_offset, row_offset, row_ends)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (group_id, topic, partition) do update
        set first_offset = excluded.first_offset, ends = excluded.ends, newest_offset = excluded.newest_offset,
            row_offset = excluded.row_offset, row_ends = excluded.row_ends, updated_at = now()`,
    [group, topic, partition, firstOffset, ends, newestOffset, row?.offset ?? null, row?.ends ?? 0],
  );
}

export async function forgetCrashCount(
  client: Queryable,
  group: string,
  { topic, partition }: Pick<CrashCount, 'topic' | 'partition'>,
): Promise<void> {
  await client.query(`delete from ${CRASH_COUNTS} where group_id = $1 and topic = $2 and partition = $3`, [
    group,
    topic,
    partition,
  ]);
}
