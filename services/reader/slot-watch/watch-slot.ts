import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { slotName } from '../../../shared/side-tables/names.ts';
import { countRedoJobs, openRedoJobs } from '../../../shared/side-tables/redo-jobs.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { ReaderMetrics } from '../metrics.ts';
import { readSlotHealth, type SlotHealth } from './slot-health.ts';
import type { WalSafety } from './wal-safety.ts';

const INTERVAL_MS = 5_000;

export interface SlotWatch {
  readonly metrics: Pick<ReaderMetrics, 'slot' | 'redo'>;
  /** Told at each look. */
  readonly onSafety: (safety: WalSafety) => void;
}

/**
 * Measures the slot and tells each change of its state. On a connection of its own, so that no acknowledgement waits for it;
 * nothing of it ends the stream.
 */
export async function watchSlot(
  settings: Pick<ServiceSettings, 'definition' | 'databaseUrl' | 'logger'>,
  { metrics, onSafety }: SlotWatch,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl: url, logger } = settings;
  const applicationName = `${definition.pipeline} reader (watch)`;
  let client: DatabaseClient | undefined;
  let last: WalSafety = 'ok';
  do {
    try {
      client ??= await connectDatabase({ url, applicationName });
      const health = await readSlotHealth(client, slotName(definition.pipeline));
      if (health !== undefined) {
        metrics.slot.seen(health);
        onSafety(health.safety);
        if (health.safety !== last) tell(logger, health);
        last = health.safety;
      }
      metrics.redo.jobs(await countRedoJobs(client), await openRedoJobs(client));
    } catch (error) {
      logger.warn({ err: error }, 'the slot could not be measured');
      await client?.end().catch(() => {});
      client = undefined;
    }
  } while (await pause(INTERVAL_MS, signal));
  await client?.end().catch(() => {});
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
