import { z } from 'zod';
import { formatLsn, parseLsn } from './position.ts';

/** Everything up to here is in Kafka. Kept twice: in the source database, and on the topic `positions`. */
export interface StoredPosition {
  readonly epoch: number;
  readonly systemId: string;
  readonly timeline: number;
  /** First byte that may not be in Kafka yet. */
  readonly lsn: bigint;
}

const record = z.object({
  epoch: z.int().min(0),
  system_id: z.string(),
  timeline: z.int(),
  lsn: z.string().regex(/^[0-9A-F]{8}\/[0-9A-F]{8}$/),
});

/** The value of the record on `<pipeline>.positions`, whose key is the pipeline. */
export function writeStoredPosition({ epoch, systemId, timeline, lsn }: StoredPosition): string {
  return JSON.stringify({ epoch, system_id: systemId, timeline, lsn: formatLsn(lsn) });
}

export function readStoredPosition(json: string): StoredPosition {
  const { epoch, system_id: systemId, timeline, lsn } = record.parse(JSON.parse(json));
  return { epoch, systemId, timeline, lsn: parseLsn(lsn) };
}

/** Negative when `a` is behind `b`. Positions of another epoch are of another history, which always is the later one. */
export function compareStoredPositions(
  a: Pick<StoredPosition, 'epoch' | 'lsn'>,
  b: Pick<StoredPosition, 'epoch' | 'lsn'>,
): number {
  return a.epoch - b.epoch || (a.lsn < b.lsn ? -1 : a.lsn > b.lsn ? 1 : 0);
}
