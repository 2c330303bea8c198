import { Counter, Gauge, type Registry } from 'prom-client';
import { METRIC } from '../../../shared/telemetry/metrics.ts';

export interface WindowMetrics {
  /** Age of the oldest window that is still on its way; 0: none is. */
  open(enrichment: string, ageMs: number): void;
  closed(enrichment: string): void;
  /** Records that are not on the topic of their table. */
  unpublished(table: string, records: number): void;
  /** Sums compared at rest, and how many records there were beyond what was owed. */
  balanced(enrichment: string, repeats: number): void;
  /** Outcomes that never came. */
  shortfall(enrichment: string, outcomes: number): void;
}

export function windowMetrics(registry: Registry): WindowMetrics {
  const registers = [registry];
  const names = METRIC.reader;
  const labelNames = ['enrichment'];
  const age = new Gauge({
    name: names.windowAge,
    help: 'Age of the oldest window of commits that has not passed enrichment and writer; 0 when there is none.',
    labelNames,
    registers,
  });
  const closed = new Counter({
    name: names.windowsClosed,
    help: 'Windows of commits whose outcomes are all written.',
    labelNames,
    registers,
  });
  const shortfall = new Gauge({
    name: names.windowShortfall,
    help: 'Outcomes that are missing on the topic of an enrichment although it is past their changes.',
    labelNames,
    registers,
  });
  const balances = new Counter({
    name: names.windowBalances,
    help: 'Times that nothing was on its way, and the outcomes of an enrichment were compared with what it owed.',
    labelNames,
    registers,
  });
  const repeats = new Counter({
    name: names.windowRepeats,
    help: 'Records on the topic of an enrichment beyond one for each that was addressed to it.',
    labelNames,
    registers,
  });
  const unpublished = new Gauge({
    name: names.windowUnpublished,
    help: 'Records that were confirmed and are missing on the topic of their table.',
    labelNames: ['table'],
    registers,
  });
  return {
    open: (enrichment, ageMs) => age.set({ enrichment }, ageMs / 1_000),
    closed: (enrichment) => closed.inc({ enrichment }),
    balanced(enrichment, count) {
      balances.inc({ enrichment });
      repeats.inc({ enrichment }, count);
    },
    shortfall: (enrichment, outcomes) => shortfall.set({ enrichment }, outcomes),
    unpublished: (table, records) => unpublished.set({ table }, records),
  };
}
