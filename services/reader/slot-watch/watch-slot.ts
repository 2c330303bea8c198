import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { closeRepairedGaps, countGaps } from '../../../shared/side-tables/gaps.ts';
import { slotName } from '../../../shared/side-tables/names.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { gapNotice } from '../preflight/gap-notice.ts';
import type { SlotMetrics } from './metrics.ts';
import { readSlotHealth, type SlotHealth } from './slot-health.ts';
import type { WalSafety } from './wal-safety.ts';

const INTERVAL_MS = 5_000;

export interface SlotWatch {
  readonly client: Queryable;
  readonly producer: RecordProducer;
  readonly pipeline: string;
  readonly logger: Logger;
  readonly metrics: SlotMetrics;
}

/** Measures the slot, tells each change of its state, and closes gaps whose redo is done; nothing of it ends the stream. */
export async function watchSlot(watch: SlotWatch, signal: AbortSignal): Promise<void> {
  let last: WalSafety = 'ok';
  do {
    try {
      last = await look(watch, last);
    } catch (error) {
      watch.logger.debug({ err: error }, 'the slot could not be measured');
    }
  } while (await pause(INTERVAL_MS, signal));
}

async function look(watch: SlotWatch, last: WalSafety): Promise<WalSafety> {
  const { client, producer, pipeline, metrics, logger } = watch;
  const closed = await closeRepairedGaps(client);
  for (const gap of closed) logger.info({ gap: gap.id, counts: gap.counts }, 'a gap is closed');
  await producer.send(closed.map((gap) => gapNotice(pipeline, gap, Date.now())));
  metrics.gaps(await countGaps(client));
  const health = await readSlotHealth(client, slotName(pipeline));
  if (health === undefined) return last;
  metrics.seen(health);
  if (health.safety !== last) tell(logger, health);
  return health.safety;
}

function tell(logger: Logger, health: SlotHealth): void {
  const { safety, walStatus, safeBytes, budgetBytes, restartLagBytes, confirmedLagBytes, pinning } = health;
  const facts = {
    safety,
    wal_status: walStatus,
    safe_bytes: safeBytes,
    budget_bytes: budgetBytes,
    restart_lag_bytes: restartLagBytes,
    confirmed_lag_bytes: confirmedLagBytes,
    pinning_pid: pinning?.pid,
    pinning_age_seconds: pinning?.ageSeconds,
  };
  if (safety === 'ok') logger.info(facts, 'the slot has room again');
  else if (safety === 'last_chance')
    logger.error(facts, 'the slot is about to be lost: see docs/operations.md');
  else logger.warn(facts, 'the log that is kept for the slot runs short');
}
