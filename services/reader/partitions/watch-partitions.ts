import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import {
  markPartitionChangeTold,
  openPartitionChanges,
  type PartitionChange,
} from '../../../shared/side-tables/partitions.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { HEARTBEAT_INTERVAL_MS } from '../heartbeat.ts';
import { nameOf } from '../preflight/published-changes.ts';
import type { PartitionMetrics } from './metrics.ts';
import { notePartitionChanges } from './note-changes.ts';
import { namesOf, partitionNotice } from './notice.ts';
import { Passage } from './passage.ts';
import { sweepChange } from './sweep-changes.ts';

/** While results without a row are still to be looked for. */
const FOLLOW_INTERVAL_MS = 1_000;
const AFTER_TROUBLE_MS = 10_000;
/** Looking for results without a row may read whole tables; waiting for somebody's lock is not worth it. */
const NO_TIMEOUT = 0;
const SESSION = "set lock_timeout = '2s'";

export interface PartitionWatch {
  readonly producer: RecordProducer;
  readonly metrics: PartitionMetrics;
  /** Everything up to here is in Kafka. */
  readonly safe: () => bigint;
}

/**
 * Looks at the partitions of the sources with each heartbeat: what TRUNCATE of one, DETACH and ATTACH do, the log does not
 * tell. On a connection of its own, so that no heartbeat waits for it; nothing of it ends the stream.
 */
export async function watchPartitions(
  settings: Pick<ServiceSettings, 'definition' | 'databaseUrl' | 'brokers' | 'logger'>,
  { producer, metrics, safe }: PartitionWatch,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl: url, brokers, logger } = settings;
  const { pipeline } = definition;
  await using passage = new Passage({ brokers, clientId: `${pipeline}.reader`, logger }, pipeline, safe);
  let client: DatabaseClient | undefined;
  const hangUp = (): void => void client?.end().catch(() => {});
  // Also in the middle of a long statement: nothing of it is kept, and it begins anew.
  signal.addEventListener('abort', hangUp, { once: true });
  let waitMs = 0;
  while (await pause(waitMs, signal)) {
    waitMs = HEARTBEAT_INTERVAL_MS;
    try {
      client ??= await connect(url, `${pipeline} reader (partitions)`);
      for (const found of await notePartitionChanges(client, definition)) metrics.found(found);
      await tellChanges(client, settings, producer);
      const failed: unknown[] = [];
      for (const change of await openPartitionChanges(client)) {
        // One that cannot be looked through must not keep the others waiting.
        await sweepChange(client, definition, passage, change).catch((error: unknown) => failed.push(error));
      }
      await tellChanges(client, settings, producer);
      const toSweep = (await openPartitionChanges(client)).filter((change) => change.toSweep.length > 0);
      metrics.toSweep(toSweep.length);
      if (toSweep.length > 0) waitMs = FOLLOW_INTERVAL_MS;
      if (failed.length > 0) throw failed[0];
    } catch (error) {
      if (signal.aborted) break;
      logger.warn({ err: error }, 'the partitions of the sources could not be looked at: it is tried again');
      await client?.end().catch(() => {});
      client = undefined;
      waitMs = AFTER_TROUBLE_MS;
    }
  }
  signal.removeEventListener('abort', hangUp);
  await client?.end().catch(() => {});
}

async function connect(url: string, applicationName: string): Promise<DatabaseClient> {
  const client = await connectDatabase({ url, applicationName, statementTimeoutMs: NO_TIMEOUT });
  await client.query(SESSION);
  return client;
}

/** Told when it is written down, and marked when it is told: a process that dies in between tells it twice. */
async function tellChanges(
  client: DatabaseClient,
  { definition, logger }: Pick<ServiceSettings, 'definition' | 'logger'>,
  producer: RecordProducer,
): Promise<void> {
  for (const change of await openPartitionChanges(client)) {
    if (change.isTold) continue;
    tell(logger, change);
    await producer.send([partitionNotice(definition.pipeline, change, Date.now())]);
    await markPartitionChangeTold(client, change);
  }
}

function tell(logger: Logger, change: PartitionChange): void {
  const { id, table, toSweep, jobs } = change;
  const facts = { change: id, table: nameOf(table), ...namesOf(change), to_sweep: toSweep, jobs };
  if (toSweep.length > 0) {
    logger.warn(
      facts,
      'partitions were changed, which the log does not tell: rows that came with one are read, and results of rows that went with one are deleted once everything older is written',
    );
  } else {
    logger.warn(
      facts,
      'partitions were changed: everything that follows is under way in the jobs named, see `afterglow backfill list`',
    );
  }
}
