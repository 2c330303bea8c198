import type { Medians, Sample } from '../bench.ts';
import type { Load } from './workload.ts';

export const PACED_ROWS_PER_SECOND = 500;
const LOADS: readonly Load[] = ['one_transaction', 'single', 'paced'];
const OVER_DEBEZIUM = ['rows_per_second', 'cpu_per_row_us', 'peak_memory_mb', 'p50_ms', 'p99_ms'];

/** Ours in terms of Debezium: `single_rows_per_second` 2 is twice as fast. */
export function ratios(medians: Medians): Sample {
  const found: Record<string, number> = {};
  for (const load of LOADS) {
    for (const metric of OVER_DEBEZIUM) {
      const ours = medians[`ours_${load}`]?.[metric];
      const theirs = medians[`debezium_${load}`]?.[metric];
      if (ours !== undefined && theirs !== undefined) found[`${load}_${metric}`] = ours / theirs;
    }
  }
  return found;
}

export function observe(medians: Medians): string {
  const number = (variant: string, metric: string): string =>
    (medians[variant]?.[metric] ?? Number.NaN).toLocaleString('en-US', { maximumSignificantDigits: 3 });
  const ratio = ratios(medians);
  if (ratio.single_rows_per_second === undefined) {
    const measured = Object.keys(medians).filter((name) => medians[name]?.rows_per_second !== undefined);
    return `Only a part was measured: ${measured.map((name) => `${name} ${number(name, 'rows_per_second')} rows/s`).join(', ')}.`;
  }
  const paced =
    ratio.paced_p50_ms === undefined
      ? ''
      : ` At ${PACED_ROWS_PER_SECOND} rows/s from commit to consumer p50 ${number('ours_paced', 'p50_ms')} ms and p99 ${number('ours_paced', 'p99_ms')} ms ` +
        `(Debezium ${number('debezium_paced', 'p50_ms')} and ${number('debezium_paced', 'p99_ms')} ms).`;
  return (
    `Ours brings ${number('ours_single', 'rows_per_second')} rows/s, ${ratio.single_rows_per_second.toFixed(2)} times Debezium's ` +
    `${number('debezium_single', 'rows_per_second')}, with ${number('ours_single', 'peak_memory_mb')} MB against ` +
    `${number('debezium_single', 'peak_memory_mb')} MB; one transaction ${ratio.one_transaction_rows_per_second?.toFixed(2)} times.${paced}`
  );
}
