import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { Passage } from '../../../shared/progress/passage.ts';
import {
  markPartitionChangeTold,
  openPartitionChanges,
  type PartitionChange,
} from '../../../shared/side-tables/partitions.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { lookBesideStream } from '../beside-stream.ts';
import { HEARTBEAT_INTERVAL_MS } from '../heartbeat.ts';
import { nameOf } from '../preflight/published-changes.ts';
import type { PartitionMetrics } from './metrics.ts';
import { notePartitionChanges } from './note-changes.ts';
import { namesOf, partitionNotice } from './notice.ts';
import { sweepChange } from './sweep-changes.ts';

/** While results without a row are still to be looked for. */
const FOLLOW_INTERVAL_MS = 1_000;

export interface PartitionWatch {
  readonly producer: RecordProducer;
  readonly metrics: PartitionMetrics;
  /** Everything up to here is in Kafka. */
  readonly safe: () => bigint;
}

/** Looks at the partitions of the sources with each heartbeat: what TRUNCATE of one, DETACH and ATTACH do, the log does not tell. */
export async function watchPartitions(
  settings: Pick<ServiceSettings, 'definition' | 'databaseUrl' | 'brokers' | 'logger'>,
  { producer, metrics, safe }: PartitionWatch,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl, brokers, logger } = settings;
  const { pipeline } = definition;
  await using passage = new Passage({ brokers, clientId: `${pipeline}.reader`, logger }, pipeline, safe);
  const applicationName = `${pipeline} reader (partitions)`;
  const trouble = 'the partitions of the sources could not be looked at: it is tried again';
  const look = async (client: DatabaseClient): Promise<number> => {
    const noted = await notePartitionChanges(client, definition);
    for (const change of noted.changes) metrics.found(change);
    await tellChanges(client, settings, producer);
    const failed = [...noted.failed];
    for (const change of await openPartitionChanges(client)) {
      // One that cannot be looked through must not keep the others waiting.
      await sweepChange(client, definition, passage, change).catch((error: unknown) => failed.push(error));
    }
    await tellChanges(client, settings, producer);
    const toSweep = (await openPartitionChanges(client)).filter((change) => change.toSweep.length > 0);
    metrics.toSweep(toSweep.length);
    if (failed.length > 0) throw failed[0];
    return toSweep.length > 0 ? FOLLOW_INTERVAL_MS : HEARTBEAT_INTERVAL_MS;
  };
  await lookBesideStream({ databaseUrl, applicationName, logger, trouble }, look, signal);
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
