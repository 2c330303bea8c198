import { loadavg } from 'node:os';
import type { Benchmark, Medians, OptionValues, Sample, Variant } from '../bench.ts';
import { type Parts, startParts } from '../reader/parts.ts';
import { drain } from './ours.ts';
import { DIMENSIONS } from './outcomes.ts';
import { rowByRow, unguarded } from './peers.ts';

const ROWS = { fraud: 120_000, vectors: 10_000, live_index: 3_000, row_by_row: 20_000 };
const ASKED = { fraud: 12_000, vectors: 2_000, live_index: 350, againCheaperTimes: 20 };
const WITHOUT_INDEX = 'drop index afterglow."embedding-similar"';

export const options = {
  only: { type: 'string' },
  share: { type: 'string' },
  profile: { type: 'string' },
} as const;

/** --only <variant>, --share 0.1 of the rows, --profile <folder>. */
export function configure(values: OptionValues): Benchmark {
  const only = values.only === undefined ? undefined : String(values.only);
  const profileFolder = values.profile === undefined ? undefined : String(values.profile);
  const share = Number(values.share ?? 1);
  if (!(share > 0)) throw new RangeError('--share takes a number above 0');
  const rows = Object.fromEntries(
    Object.entries(ROWS).map(([name, count]) => [name, Math.max(1_000, Math.round(count * share))]),
  ) as typeof ROWS;
  let started: Promise<Parts> | undefined;
  const parts = (): Promise<Parts> => {
    started ??= startParts();
    return started;
  };
  const variant = (name: string, work: (on: Parts) => Promise<Sample>): Variant => ({
    name,
    run: async () => await work(await parts()),
  });
  const variants = [
    variant('fraud', (on) => drain(on, { shape: 'fraud', rows: rows.fraud, profileFolder })),
    variant('fraud_unguarded', (on) => unguarded(on, 'fraud', rows.fraud)),
    variant('fraud_row_by_row', (on) => rowByRow(on, rows.row_by_row)),
    variant('vectors', (on) =>
      drain(on, { shape: 'embedding', rows: rows.vectors, sql: WITHOUT_INDEX, profileFolder }),
    ),
    variant('live_index', (on) => drain(on, { shape: 'embedding', rows: rows.live_index, profileFolder })),
    variant('live_index_unguarded', (on) => unguarded(on, 'embedding', rows.live_index)),
  ].filter(({ name }) => only === undefined || name === only);
  if (variants.length === 0) throw new RangeError('--only takes the name of one variant');
  return {
    what: 'How fast does one writer bring outcomes from Kafka beside the rows, and what does it cost to deliver them again?',
    how:
      'Ours: one writer process takes outcomes that wait on the enriched topic into state and result tables, from its partitions to the ' +
      'last committed offset; then all of them once more, of which the time in transactions is compared (the database knows up to where it ' +
      'was written, so they are passed over), and once more when it has forgotten that, so that every key is compared. Vectors into a table without ' +
      'and with its HNSW index. The others write from memory, without Kafka and without a state table: each row as it comes, and batches ' +
      'as large as ours with nothing that keeps an older result out. Kafka, PostgreSQL without fsync, and benchmark share the machine.',
    conditions: {
      ...Object.fromEntries(Object.entries(rows).map(([name, count]) => [`${name}_rows`, count])),
      dimensions: DIMENSIONS,
      partitions: 6,
      load_average_at_start: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      ...(profileFolder === undefined ? {} : { profiled: 'yes' }),
    },
    rounds: 3,
    variants,
    observe,
    ratios,
    end: async () => {
      await (await started)?.end();
    },
  };
}

export const benchmark: Benchmark = configure({});

function observe(medians: Medians): string {
  const said = (['fraud', 'vectors', 'live_index'] as const).flatMap((name) => {
    const sample = medians[name];
    if (sample === undefined) return [];
    const again = sample.again_cheaper_times?.toFixed(0);
    const compared = sample.compared_cheaper_times?.toFixed(0);
    return [
      `${name} ${Math.round(sample.rows_per_second ?? 0)} a second (asked: ${ASKED[name]}), again ${again} times cheaper, and ${compared} times with every key compared`,
    ];
  });
  if (said.length === 0) return 'Only the others were measured: nothing to compare.';
  return `${said.join('; ')} (asked: again ${ASKED.againCheaperTimes} times cheaper).`;
}

function ratios(medians: Medians): Sample {
  const speed = (name: string): number => medians[name]?.rows_per_second ?? Number.NaN;
  const compared = {
    fraud_to_row_by_row: speed('fraud') / speed('fraud_row_by_row'),
    fraud_to_unguarded: speed('fraud') / speed('fraud_unguarded'),
    live_index_to_unguarded: speed('live_index') / speed('live_index_unguarded'),
  };
  return Object.fromEntries(Object.entries(compared).filter(([, value]) => Number.isFinite(value)));
}
