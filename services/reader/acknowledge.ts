import { formatLsn } from '../../shared/contracts/position.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { type ReplicationStream, STATUS_INTERVAL_MS } from '../../shared/postgres/replication.ts';
import { POSITIONS } from '../../shared/side-tables/names.ts';
import { FIRST_EPOCH, type ServerFacts } from './preflight.ts';
import type { SlotProgress } from './slot-progress.ts';

const LOOK_INTERVAL_MS = 200;
/** A position costs a row version: often enough that a restart repeats little, seldom enough to cost nothing. */
const STORE_INTERVAL_MS = 1_000;
/** Storing the position is a change of its own: an idle database must not keep itself busy with it. */
const IDLE_STORE_INTERVAL_MS = 10_000;

const STORE = `
  insert into ${POSITIONS} (pipeline, epoch, system_id, timeline, lsn)
  values ($1, $2, $3, $4, $5)
  on conflict (pipeline) do update
     set epoch = excluded.epoch, system_id = excluded.system_id, timeline = excluded.timeline,
         lsn = excluded.lsn, updated_at = now()`;

/**
 * Tells the server on its own timer how far the slot may go: keepalives hide behind a paused socket, and a reader that
 * only answers them would be cut off. The position is durable before it is sent.
 */
export async function acknowledgeRegularly(
  stream: ReplicationStream,
  progress: SlotProgress,
  client: DatabaseClient,
  facts: ServerFacts & { readonly pipeline: string },
  onAcknowledged: (lsn: bigint) => void,
  signal: AbortSignal,
): Promise<void> {
  let acknowledged = progress.safe;
  let storedAtMs = 0;
  let sentAtMs = 0;
  const storeAndSend = async (): Promise<void> => {
    const { safe } = progress;
    const { pipeline, systemId, timeline } = facts;
    await client.query(STORE, [pipeline, FIRST_EPOCH, systemId, timeline, formatLsn(safe)]);
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
      await stream.acknowledge(acknowledged);
      sentAtMs = nowMs;
    }
  }
  if (progress.safe > acknowledged) await storeAndSend();
}
