import { loadavg } from 'node:os';
import type { Benchmark, OptionValues, Sample, Variant } from '../bench.ts';
import { observe, PACED_ROWS_PER_SECOND, ratios } from './comparison.ts';
import { CONNECT_SETTINGS, DEBEZIUM_SETTINGS, debezium } from './debezium.ts';
import { debeziumVersion } from './debezium-jars.ts';
import { drain, drainToNothing } from './drain.ts';
import { latency } from './latency.ts';
import { ourReader } from './ours.ts';
import type { Load } from './workload.ts';
import { Workloads } from './workloads.ts';

const ROWS = 400_000;
const SECONDS = 60;
const DRAINED: readonly Load[] = ['one_transaction', 'single'];
const DEBEZIUM = await debeziumVersion();

export const options = {
  rows: { type: 'string' },
  seconds: { type: 'string' },
  only: { type: 'string' },
  profile: { type: 'string' },
} as const;

type Subject = 'ours' | 'debezium' | 'floor';
const SUBJECTS: readonly string[] = ['ours', 'debezium', 'floor'] satisfies readonly Subject[];

/** --rows N, --seconds N (0: no latency), --only ours|debezium|floor, --profile <folder> for our reader's CPU profiles. */
export function configure(values: OptionValues): Benchmark {
  const rows = wholeNumber('rows', values.rows, ROWS, 1);
  const seconds = wholeNumber('seconds', values.seconds, SECONDS, 0);
  const { only, profile } = values;
  if (only !== undefined && !SUBJECTS.includes(String(only))) {
    throw new RangeError(`--only takes one of ${SUBJECTS.join(', ')}`);
  }
  const workloads = new Workloads(rows);
  const captures = [
    { name: 'ours', create: () => ourReader(profile === undefined ? undefined : String(profile)) },
    { name: 'debezium', create: async () => debezium() },
  ] as const;
  const variants: Variant[] = [];
  for (const load of DRAINED) {
    for (const { name, create } of captures) {
      const run = async (): Promise<Sample> =>
        drain(await create(), await workloads.parts(), await workloads.of(load), rows);
      variants.push({ name: `${name}_${load}`, run });
    }
    const run = async (): Promise<Sample> =>
      drainToNothing(await workloads.parts(), await workloads.of(load), rows);
    variants.push({ name: `floor_${load}`, run });
  }
  for (const { name, create } of captures) {
    const pace = { rowsPerSecond: PACED_ROWS_PER_SECOND, seconds };
    const run = async (): Promise<Sample> =>
      latency(await create(), await workloads.parts(), await workloads.of('paced'), pace);
    if (seconds > 0) variants.push({ name: `${name}_paced`, once: true, run });
  }
  return {
    what: 'How fast does the reader bring committed rows to Kafka, beside Debezium on the same machine?',
    how:
      `Each run drains the same ${rows} rows (as ${rows} transactions, and as one) from a slot made before they were written into ` +
      'fresh topics of an embedded Kafka, from the first record in the topic to the last; pg_recvlogical into nothing, from its start to ' +
      `its end, is the floor. Then ${PACED_ROWS_PER_SECOND} transactions of one row a second, from the commit's time stamp (source.ts_us) to a ` +
      'consumer in the benchmark, once. The disk is left out (fsync off).',
    conditions: {
      rows,
      paced_seconds: seconds,
      paced_rows_per_second: PACED_ROWS_PER_SECOND,
      partitions: 6,
      columns: 14,
      debezium: DEBEZIUM,
      ...DEBEZIUM_SETTINGS,
      ...CONNECT_SETTINGS,
      debezium_heap: '2G',
      // On a machine that others use too, only the ratios of one run mean something.
      load_average_at_start: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      ...(only === undefined ? {} : { only: String(only) }),
      ...(profile === undefined ? {} : { profiled: 'ours' }),
    },
    rounds: 3,
    variants: variants.filter(({ name }) => only === undefined || name.startsWith(`${only}_`)),
    observe,
    ratios,
    end: () => workloads.end(),
  };
}

export const benchmark: Benchmark = configure({});

function wholeNumber(name: string, value: OptionValues[string], standard: number, least: number): number {
  const number = value === undefined ? standard : Number(value);
  if (Number.isInteger(number) && number >= least) return number;
  throw new RangeError(`--${name} takes a whole number from ${least} on`);
}
