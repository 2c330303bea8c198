import type { Queryable } from '../../shared/postgres/connect.ts';
import type { AppliedTopic } from './apply.ts';

/** PostgreSQL takes no more; a key of that length is one that nobody listens for. */
const PAYLOAD_BYTES_MAX = 7_999;

const notifyChannel = (enrichment: string): string => `afterglow_${enrichment}`;

/** Tells listeners the keys of flagged rows when their results can be seen: the key alone, for whoever may listen may not read. */
export async function notifyFlagged(client: Queryable, applied: readonly AppliedTopic[]): Promise<void> {
  for (const { enrichment, result } of applied) {
    const keys = result.written
      .filter((outcome) => outcome.status === 'scored' && outcome.flagged === true)
      .map(({ key }) => JSON.stringify(key))
      .filter((payload) => Buffer.byteLength(payload) <= PAYLOAD_BYTES_MAX);
    if (keys.length === 0) continue;
    await client.query('select pg_notify($1, payload) from unnest($2::text[]) as flagged(payload)', [
      notifyChannel(enrichment),
      keys,
    ]);
  }
}
