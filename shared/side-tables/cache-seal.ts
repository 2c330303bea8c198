import type { Queryable } from '../postgres/connect.ts';
import { CACHE_SEAL } from './names.ts';

/** What answers in Valkey are signed with. Undefined: somebody has deleted it. */
export async function readCacheSeal(client: Queryable): Promise<Buffer | undefined> {
  const { rows } = await client.query<{ seal: string }>(
    `select encode(seal, 'hex') as seal from ${CACHE_SEAL}`,
  );
  return rows[0] === undefined ? undefined : Buffer.from(rows[0].seal, 'hex');
}
