// Which outcomes are in the side tables, as stretches of their partitions: moved on in the transaction that writes them.
import type { Queryable } from '../postgres/connect.ts';
import type { PreparedStatement } from '../postgres/together.ts';
import { WRITTEN_OUTCOMES } from './names.ts';

export interface WrittenStretch {
  readonly topic: string;
  readonly partition: number;
  readonly first: bigint;
  /** The first behind it. */
  readonly next: bigint;
  /** When Kafka took the newest of it. */
  readonly newestMs: number;
}

/** One that has been written just now. */
export interface NewStretch extends WrittenStretch {
  /** The writer has written what comes before it, too: a database that does not know that any more has gone back. */
  readonly continues: boolean;
}

/** The database has lost what it had said was written: a crash took it back, or a copy that is behind has taken over. */
export class WentBack extends Error {
  override readonly name = 'WentBack';
}

/** `topicIds`: of another topic of the same name nothing is known. */
export async function readWrittenStretches(
  client: Queryable,
  topicIds: ReadonlyMap<string, string>,
): Promise<readonly WrittenStretch[]> {
  const { rows } = await client.query<{
    topic: string;
    partition: number;
    first: string;
    next: string;
    newest: string;
  }>(
    `select topic, partition, first_offset::text as first, next_offset::text as next, newest_ms::text as newest from ${WRITTEN_OUTCOMES}
      where (topic, topic_id) in (select * from unnest($1::text[], $2::text[]))`,
    [[...topicIds.keys()], [...topicIds.values()]],
  );
  return rows.map(({ topic, partition, first, next, newest }) => ({
    topic,
    partition,
    first: BigInt(first),
    next: BigInt(next),
    newestMs: Number(newest),
  }));
}

/**
 * A stretch that does not meet the one that is known takes its place, since what lies between may not be written; and so does
 * one within it that is newer: a broker has lost the end of the log, and gives the same offsets again.
 */
const MEETS = `known.topic_id = excluded.topic_id
  and excluded.first_offset <= known.next_offset and known.first_offset <= excluded.next_offset
  and not (excluded.next_offset <= known.next_offset and excluded.newest_ms > known.newest_ms)`;
const REMEMBER = {
  name: 'remember_written',
  text: `insert into ${WRITTEN_OUTCOMES} as known (topic, partition, topic_id, first_offset, next_offset, newest_ms)
  select topic, partition, topic_id, first, next, newest
    from unnest($1::text[], $2::int4[], $3::text[], $4::int8[], $5::int8[], $6::int8[], $7::bool[])
      as written(topic, partition, topic_id, first, next, newest, continues)
   where not continues or exists (select from ${WRITTEN_OUTCOMES} as before
    where (before.topic, before.partition, before.topic_id) = (written.topic, written.partition, written.topic_id)
      and before.first_offset <= written.next and before.next_offset >= written.first)
   order by topic, partition
  on conflict (topic, partition) do update set topic_id = excluded.topic_id,
    first_offset = case when ${MEETS} then least(known.first_offset, excluded.first_offset) else excluded.first_offset end,
    next_offset = case when ${MEETS} then greatest(known.next_offset, excluded.next_offset) else excluded.next_offset end,
    newest_ms = case when ${MEETS} then greatest(known.newest_ms, excluded.newest_ms) else excluded.newest_ms end`,
};

/** None where nothing of it is known by its id. Where the database has gone back it writes less, and fails with WentBack. */
export function rememberWritten(
  topicIds: ReadonlyMap<string, string>,
  stretches: readonly NewStretch[],
): readonly PreparedStatement[] {
  const known = stretches.filter(({ topic }) => topicIds.has(topic));
  if (known.length === 0) return [];
  const values = [
    known.map(({ topic }) => topic),
    known.map(({ partition }) => partition),
    known.map(({ topic }) => topicIds.get(topic)),
    known.map(({ first }) => String(first)),
    known.map(({ next }) => String(next)),
    known.map(({ newestMs }) => newestMs),
    known.map(({ continues }) => continues),
  ];
  return [{ ...REMEMBER, values, requires: { rows: known.length, otherwise: () => new WentBack() } }];
}
