import { sumOf } from '../../../services/cli/view/metrics-text.ts';
import { METRIC } from '../../../shared/telemetry/metrics.ts';
import type { Sample } from '../bench.ts';
import type { MeasuredService } from './setting.ts';

/** How often each service did its work, and with how many rows together: what is done seldom is done cheaply. */
export type Batches = Readonly<Record<string, { readonly rows: number; readonly times: number }>>;

export async function readBatches(services: ReadonlyMap<string, MeasuredService>): Promise<Batches> {
  const batches: Record<string, { readonly rows: number; readonly times: number }> = {};
  for (const [name, service] of services) {
    const samples = await service.metrics();
    const count = (metric: string): number => sumOf(samples, metric) ?? 0;
    const [rows, times] =
      name === 'reader'
        ? [METRIC.reader.events, METRIC.reader.flushes]
        : name === 'writer'
          ? [`${METRIC.writer.batchRows}_sum`, `${METRIC.writer.batchRows}_count`]
          : [`${METRIC.enricher.batchRows}_sum`, `${METRIC.enricher.batchRows}_count`];
    batches[name] = { rows: count(rows), times: count(times) };
  }
  return batches;
}

/** Sends of the reader, calls of the enrichers, transactions of the writer. */
export function batchSample(before: Batches, after: Batches): Sample {
  const each = Object.entries(after).map(([name, { rows, times }]): [string, number] => [
    `${name}_rows_at_once`,
    (rows - (before[name]?.rows ?? 0)) / (times - (before[name]?.times ?? 0)),
  ]);
  return Object.fromEntries(each);
}
