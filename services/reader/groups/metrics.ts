import { Gauge, type Registry } from 'prom-client';
import { METRIC } from '../../../shared/telemetry/metrics.ts';

export interface GroupMetrics {
  late(group: string, topic: string, isLate: boolean): void;
}

export function groupMetrics(registry: Registry): GroupMetrics {
  const late = new Gauge({
    name: METRIC.reader.groupLate,
    help: '1 while a group of ours is further behind on a topic than half of what Kafka keeps.',
    labelNames: ['group', 'topic'],
    registers: [registry],
  });
  return { late: (group, topic, isLate) => late.set({ group, topic }, isLate ? 1 : 0) };
}
