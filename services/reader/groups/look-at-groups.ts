import type { KafkaAdmin } from '../../../shared/kafka/admin.ts';
import { halfOfRetention, isLate } from '../../../shared/progress/late-group.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import type { GroupMetrics } from './metrics.ts';

export interface TakenTopic {
  readonly group: string;
  readonly topic: string;
}

export interface GroupLook {
  readonly kafka: Pick<KafkaAdmin, 'lag' | 'startsAt'>;
  readonly taken: readonly TakenTopic[];
  /** Those that were late when they were last looked at; kept up to date. */
  readonly late: Set<string>;
  readonly metrics: GroupMetrics;
  readonly logger: Logger;
  readonly nowMs: number;
}

/** Looks at each: one that cannot be read keeps none of the others from it. Returns whether all could be. */
export async function lookAtGroups(look: GroupLook, signal: AbortSignal): Promise<boolean> {
  const { kafka, taken, late, metrics, logger, nowMs } = look;
  let couldAll = true;
  for (const { group, topic } of taken) {
    if (signal.aborted) break;
    try {
      const place = `${group} ${topic}`;
      const isNow = isLate(await kafka.lag(group, [topic]), await halfOfRetention(kafka, topic, nowMs));
      metrics.late(group, topic, isNow);
      if (isNow === late.has(place)) continue;
      if (isNow) late.add(place);
      else late.delete(place);
      if (isNow) logger.warn({ group, topic }, 'a group is further behind than half of what Kafka keeps');
      else logger.info({ group, topic }, 'a group is within half of what Kafka keeps again');
    } catch (err) {
      couldAll = false;
      if (!signal.aborted) {
        logger.warn(
          { err, group, topic },
          'how far a group is behind could not be looked at: it is tried again',
        );
      }
    }
  }
  return couldAll;
}
