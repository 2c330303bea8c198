// The one way benchmarks are run here: interleaved rounds, medians, and a result that says under what conditions it arose.

/** Numbers by metric, the unit last in each name: `rows_per_second`, `p99_ms`. */
export type Sample = Readonly<Record<string, number>>;

export interface Variant {
  readonly name: string;
  /** Taken once after all rounds, without a warm-up: for what takes minutes and warms up inside. */
  readonly once?: true;
  /** One measured run; whatever it sets up for itself is its own affair and not measured. */
  run(): Promise<Sample>;
}

export interface Benchmark {
  /** The question that is answered, in one sentence. */
  readonly what: string;
  /** What one run does, and what it leaves out. */
  readonly how: string;
  /** What was fixed: sizes, seeds, settings. */
  readonly conditions: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  readonly variants: readonly Variant[];
  /** What the medians say, in one sentence; a person's own sentence replaces it. */
  observe(medians: Medians): string;
  /** The medians as a person reads them best, line by line, before the list of all metrics. */
  tables?(medians: Medians): readonly string[];
  /** One variant in terms of another: of one run on one machine these are what compares best. */
  ratios?(medians: Medians): Sample;
  /** Stops what the variants share. */
  end?(): Promise<void>;
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** What a `bench.ts` exports. */
export interface BenchmarkModule {
  readonly benchmark: Benchmark;
  /** Options of its own, beside those of every benchmark. */
  readonly options?: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;
  /** The benchmark as these options want it; a RangeError says what is wrong with them. */
  configure?(values: OptionValues): Benchmark;
}

export type Medians = Readonly<Record<string, Sample>>;

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Measured {
  readonly rounds: number;
  readonly variants: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
}

/**
 * One unmeasured round to warm up, then rounds in which every variant has its turn, each round beginning with another one:
 * whatever slows the machine for a while slows all of them.
 */
export async function measure(variants: readonly Variant[], rounds: number): Promise<Measured> {
  const samples = new Map<string, Sample[]>(variants.map((variant) => [variant.name, []]));
  if (samples.size !== variants.length) throw new RangeError('two variants have the same name');
  const repeated = variants.filter(({ once }) => once !== true);
  for (const variant of repeated) await variant.run();
  for (let round = 0; round < rounds; round += 1) {
    for (const variant of interleaved(repeated, round)) samples.get(variant.name)?.push(await variant.run());
  }
  for (const variant of variants)
    if (variant.once === true) samples.get(variant.name)?.push(await variant.run());
  const entries = [...samples].map(([name, taken]) => [name, spreads(taken)] as const);
  return { rounds, variants: Object.fromEntries(entries) };
}

export function interleaved<Item>(items: readonly Item[], round: number): readonly Item[] {
  const first = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

export function mediansOf(measured: Measured): Medians {
  const medianOnly = (metrics: Readonly<Record<string, Spread>>): Sample =>
    Object.fromEntries(Object.entries(metrics).map(([metric, spread]) => [metric, spread.median]));
  return Object.fromEntries(
    Object.entries(measured.variants).map(([name, metrics]) => [name, medianOnly(metrics)]),
  );
}

function spreads(samples: readonly Sample[]): Readonly<Record<string, Spread>> {
  const metrics = [...new Set(samples.flatMap((sample) => Object.keys(sample)))];
  return Object.fromEntries(
    metrics.map((metric) => [metric, spread(samples.flatMap((sample) => sample[metric] ?? []))]),
  );
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const lower = sorted[Math.ceil(middle) - 1];
  const upper = sorted[Math.floor(middle)];
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (lower === undefined || upper === undefined || least === undefined || most === undefined) {
    throw new RangeError('no median of nothing');
  }
  return { median: (lower + upper) / 2, least, most };
}
