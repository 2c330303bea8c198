import { formatLsn, parseLsn } from '../contracts/position.ts';
import type { StoredPosition } from '../contracts/stored-position.ts';
import type { Queryable } from '../postgres/connect.ts';
import type { PublishedObjects } from '../postgres/published.ts';
import { POSITIONS } from './names.ts';

export interface PositionRow extends StoredPosition {
  /** As the catalog was when the position was stored; undefined before the first look. */
  readonly published: PublishedObjects | undefined;
}

/** What the database remembers to be safe in Kafka; undefined before the first acknowledgement. */
export async function loadPosition(client: Queryable, pipeline: string): Promise<PositionRow | undefined> {
  const { rows } = await client.query<{
    epoch: number;
    system_id: string;
    timeline: number;
    lsn: string;
    published: string | null;
  }>(
    `select epoch, system_id, timeline, lsn::text as lsn, published::text as published from ${POSITIONS} where pipeline = $1`,
    [pipeline],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    epoch: row.epoch,
    systemId: row.system_id,
    timeline: row.timeline,
    lsn: parseLsn(row.lsn),
    published: row.published === null ? undefined : (JSON.parse(row.published) as PublishedObjects),
  };
}

// A reader that was frozen and wakes must not take back what its successor has stored.
const STORE = `
  insert into ${POSITIONS} as stored (pipeline, epoch, system_id, timeline, lsn, published)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (pipeline) do update
     set epoch = excluded.epoch, system_id = excluded.system_id, timeline = excluded.timeline, lsn = excluded.lsn,
         published = coalesce(excluded.published, stored.published), updated_at = now()
   where (stored.epoch, stored.lsn) <= (excluded.epoch, excluded.lsn)`;

/** `published` stays as it was when it is left out. */
export async function storePosition(
  client: Queryable,
  pipeline: string,
  position: StoredPosition,
  published?: PublishedObjects,
): Promise<void> {
  const { epoch, systemId, timeline, lsn } = position;
  const json = published === undefined ? null : JSON.stringify(published);
  await client.query(STORE, [pipeline, epoch, systemId, timeline, formatLsn(lsn), json]);
}
