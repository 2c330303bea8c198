import { Counter, Gauge, type Registry } from 'prom-client';
import type { PartitionChangeDraft } from '../../../shared/side-tables/partitions.ts';
import { METRIC } from '../../../shared/telemetry/metrics.ts';

export interface PartitionMetrics {
  found(change: PartitionChangeDraft): void;
  /** Changes after which results without a row are still to be looked for. */
  toSweep(changes: number): void;
}

export function partitionMetrics(registry: Registry): PartitionMetrics {
  const registers = [registry];
  const changes = new Counter({
    name: METRIC.reader.partitionChanges,
    help: 'Partitions found attached with rows, removed, or rewritten (emptied, or written anew with everything in it).',
    labelNames: ['change'],
    registers,
  });
  const sweeps = new Gauge({
    name: METRIC.reader.partitionSweeps,
    help: 'Changes of partitions after which results without a row are still to be looked for.',
    registers,
  });
  return {
    found({ attached, removed, rewritten }) {
      for (const [change, { length }] of Object.entries({ attached, removed, rewritten })) {
        if (length > 0) changes.inc({ change }, length);
      }
    },
    toSweep: (count) => sweeps.set(count),
  };
}
