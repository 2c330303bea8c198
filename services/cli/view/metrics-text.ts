// Reading back what a service says on /metrics: only the little of the text format that prom-client writes.

export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseMetrics(text: string): readonly MetricSample[] {
  const samples: MetricSample[] = [];
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : LINE.exec(line);
    if (match?.[1] === undefined) continue;
    const labels: Record<string, string> = {};
    for (const [, label, value] of (match[2] ?? '').matchAll(LABEL)) {
      if (label !== undefined && value !== undefined) labels[label] = value.replaceAll(/\\(.)/g, '$1');
    }
    samples.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return samples;
}

/** The sum over all label sets that hold these labels. Undefined: the metric is not there. */
export function sumOf(
  samples: readonly MetricSample[],
  name: string,
  wanted: Readonly<Record<string, string>> = {},
): number | undefined {
  const matching = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(wanted).every(([label, value]) => sample.labels[label] === value),
  );
  return matching.length === 0 ? undefined : matching.reduce((sum, { value }) => sum + value, 0);
}

/** Upper bound in the metric's unit, and how many were at or below it. Ascending; the last bound is Infinity. */
export type Histogram = readonly (readonly [upperBound: number, atOrBelow: number])[];

/** All label sets of one histogram together. */
export function histogramOf(samples: readonly MetricSample[], name: string): Histogram {
  const counts = new Map<number, number>();
  for (const sample of samples) {
    if (sample.name !== `${name}_bucket`) continue;
    const bound = sample.labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + sample.value);
  }
  return [...counts].sort(([left], [right]) => left - right);
}

export const countOf = (histogram: Histogram): number => histogram.at(-1)?.[1] ?? 0;

/** What was observed between two readings; a process that started again in between counts from zero. */
export function between(before: Histogram, after: Histogram): Histogram {
  if (countOf(after) < countOf(before)) return after;
  const earlier = new Map(before);
  return after.map(([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)]);
}

/**
 * The value that `share` of the observations do not exceed, interpolated inside its bucket. Undefined without
 * observations; above the last finite bound nothing more is known than that bound.
 */
export function percentile(histogram: Histogram, share: number): number | undefined {
  const count = countOf(histogram);
  if (count <= 0) return undefined;
  const rank = share * count;
  let lowerBound = 0;
  let below = 0;
  for (const [upperBound, atOrBelow] of histogram) {
    if (atOrBelow >= rank && atOrBelow > below) {
      if (upperBound === Number.POSITIVE_INFINITY) return lowerBound;
      return lowerBound + ((upperBound - lowerBound) * (rank - below)) / (atOrBelow - below);
    }
    lowerBound = upperBound;
    below = atOrBelow;
  }
  return lowerBound;
}
