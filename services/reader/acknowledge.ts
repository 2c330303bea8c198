import type { StoredPosition } from '../../shared/contracts/stored-position.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { PublishedObjects } from '../../shared/postgres/published.ts';
import { type ReplicationStream, STATUS_INTERVAL_MS } from '../../shared/postgres/replication.ts';
import type { SlotProgress } from './slot-progress.ts';

const LOOK_INTERVAL_MS = 200;
/** A position costs a row version: often enough that a restart repeats little, seldom enough to cost nothing. */
const STORE_INTERVAL_MS = 1_000;
/** Storing the position is a change of its own: an idle database must not keep itself busy with it. */
const IDLE_STORE_INTERVAL_MS = 10_000;

export interface Acknowledging {
  readonly stream: Pick<ReplicationStream, 'acknowledge'>;
  readonly progress: SlotProgress;
  /** All but how far it is. */
  readonly place: Omit<StoredPosition, 'lsn'>;
  readonly published: PublishedObjects;
  /** Throws when something is not published as it was; what is safe before the look was decoded before it. */
  readonly guard: (recorded: PublishedObjects) => Promise<PublishedObjects>;
  /** Makes the position durable: in the database, then in Kafka. */
  readonly keep: (position: StoredPosition, published: PublishedObjects) => Promise<void>;
  readonly onAcknowledged: (lsn: bigint) => void;
}

/**
 * Tells the server on its own timer how far the slot may go: keepalives hide behind a paused socket, and a reader that
 * only answers them would be cut off. In this order: is everything still published as it was, database, Kafka, slot.
 */
export async function acknowledgeRegularly(
  { stream, progress, place, guard, keep, onAcknowledged, ...from }: Acknowledging,
  signal: AbortSignal,
): Promise<void> {
  let acknowledged = progress.safe;
  let { published } = from;
  let storedAtMs = 0;
  let sentAtMs = 0;
  const storeAndSend = async (): Promise<void> => {
    const { safe } = progress;
    published = await guard(published);
    await keep({ ...place, lsn: safe }, published);
    await stream.acknowledge(safe);
    acknowledged = safe;
    onAcknowledged(safe);
  };
  while (await pause(LOOK_INTERVAL_MS, signal)) {
    const nowMs = performance.now();
    const waitMs = progress.hasPublishedAfter(acknowledged) ? STORE_INTERVAL_MS : IDLE_STORE_INTERVAL_MS;
    if (progress.safe > acknowledged && nowMs - storedAtMs >= waitMs) {
      await storeAndSend();
      storedAtMs = nowMs;
      sentAtMs = nowMs;
    } else if (nowMs - sentAtMs >= STATUS_INTERVAL_MS) {
      await guard(published);
      await stream.acknowledge(acknowledged);
      sentAtMs = nowMs;
    }
  }
  if (progress.safe > acknowledged) await storeAndSend();
}
