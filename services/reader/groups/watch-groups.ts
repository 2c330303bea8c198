import type { Definition } from '../../../shared/config/definition.ts';
import { cdcTopic, enrichedTopic, enricherGroup, writerGroup } from '../../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../../shared/kafka/admin.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import { lookAtGroups, type TakenTopic } from './look-at-groups.ts';
import type { GroupMetrics } from './metrics.ts';

const LOOK_INTERVAL_MS = 60_000;

export interface GroupWatchSettings extends Pick<ServiceSettings, 'definition' | 'brokers' | 'logger'> {
  readonly metrics: GroupMetrics;
  readonly nowMs?: () => number;
}

/**
 * Tells of every group of ours that has half of the retention behind it, also of one that nobody runs: what waits longer than all of
 * it is lost to the group. Looks once when it begins, and then each minute.
 */
export async function watchGroups(settings: GroupWatchSettings, signal: AbortSignal): Promise<void> {
  const { definition, brokers, logger, metrics, nowMs = Date.now } = settings;
  const late = new Set<string>();
  let kafka: KafkaAdmin | undefined;
  for (let waitMs = 0; await pause(waitMs, signal); waitMs = LOOK_INTERVAL_MS) {
    try {
      kafka ??= await connectKafkaAdmin({ brokers, clientId: `${definition.pipeline}.reader`, logger });
      const look = { kafka, taken: takenBy(definition), late, metrics, logger, nowMs: nowMs() };
      if (await lookAtGroups(look, signal)) continue;
    } catch (error) {
      if (signal.aborted) break;
      logger.warn({ err: error }, 'how far groups are behind could not be looked at: it is tried again');
    }
    await kafka?.close().catch(() => {});
    kafka = undefined;
  }
  await kafka?.close().catch(() => {});
}

function takenBy({ pipeline, sources, enrichments }: Definition): readonly TakenTopic[] {
  return Object.entries(enrichments).flatMap(([name, { from }]) => {
    const table = sources[from]?.table;
    if (table === undefined) return [];
    return [
      { group: enricherGroup(pipeline, name), topic: cdcTopic(pipeline, table.schema, table.name) },
      { group: writerGroup(pipeline), topic: enrichedTopic(pipeline, name) },
    ];
  });
}
