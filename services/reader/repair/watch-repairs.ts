import { tellGaps } from '../../../shared/kafka/gap-notice.ts';
import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { Passage } from '../../../shared/progress/passage.ts';
import { countGaps } from '../../../shared/side-tables/gaps.ts';
import { lookBesideStream } from '../beside-stream.ts';
import type { SlotMetrics } from '../slot-watch/metrics.ts';
import { closeGaps } from './close-gaps.ts';

const INTERVAL_MS = 5_000;

export interface RepairWatch {
  readonly producer: RecordProducer;
  readonly metrics: Pick<SlotMetrics, 'gaps'>;
  /** Everything up to here is in Kafka. */
  readonly safe: () => bigint;
}

/** Closes gaps whose redo is done, and tells of those that somebody wrote down and did not come to tell. */
export async function watchRepairs(
  settings: Pick<ServiceSettings, 'definition' | 'databaseUrl' | 'brokers' | 'logger'>,
  { producer, metrics, safe }: RepairWatch,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl, brokers, logger } = settings;
  const { pipeline } = definition;
  const kafka = { brokers, clientId: `${pipeline}.reader`, logger };
  await using passage = new Passage(kafka, pipeline, safe);
  const applicationName = `${pipeline} reader (repair)`;
  const look = async (client: DatabaseClient): Promise<number> => {
    const closed = await closeGaps({ client, definition, kafka, passage }, signal);
    metrics.gaps(await countGaps(client));
    for (const { id: gap, counts } of closed) logger.info({ gap, counts }, 'a gap is closed');
    await tellGaps(client, producer, pipeline);
    return INTERVAL_MS;
  };
  const trouble = 'a gap could not be closed: it is tried again';
  await lookBesideStream({ databaseUrl, applicationName, logger, trouble }, look, signal);
}
