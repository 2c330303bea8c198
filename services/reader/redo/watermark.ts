import type { Queryable } from '../../../shared/postgres/connect.ts';

/** Tells our watermarks in the log from everybody else's messages. */
export const WATERMARK_PREFIX = 'afterglow.watermark';

export interface Watermark {
  readonly edge: 'low' | 'high';
  /** Of the chunk; another process may have written it, and has gone since. */
  readonly chunk: string;
}

/** Transactional, because only those messages arrive in the order of the commits. */
export async function emitWatermark(client: Queryable, { edge, chunk }: Watermark): Promise<void> {
  await client.query('select pg_logical_emit_message(true, $1, $2)', [WATERMARK_PREFIX, `${edge} ${chunk}`]);
}

/** undefined: not one that this version writes. */
export function parseWatermark(content: Buffer): Watermark | undefined {
  const [edge, chunk] = content.toString('utf8').split(' ');
  if ((edge !== 'low' && edge !== 'high') || chunk === undefined) return undefined;
  return { edge, chunk };
}
